/** Locks on files, which the kernel gives back when their holder ends, however it ends. */

/** Does `work` while it holds the lock; waits for others who hold it. A lock file is made when there is none. */
export async function withLock<T>(path: string, kind: "shared" | "exclusive", work: () => Promise<T>): Promise<T> {
  using file = await openLock(path);
  await file.lock(kind === "exclusive");
  return await work();
}

/** Takes an exclusive lock and returns it, to be disposed of, or undefined when somebody holds it. */
export async function takeLock(path: string): Promise<Disposable | undefined> {
  const file = await openLock(path);
  if (await file.tryLock(true)) return file;
  file.close();
  return undefined;
}

function openLock(path: string): Promise<Deno.FsFile> {
  return Deno.open(path, { create: true, write: true, mode: 0o600 });
}
