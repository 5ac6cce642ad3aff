/** File locks. The kernel releases a lock when the process that holds it ends, even after SIGKILL. */

/** Waits for the lock, runs `work`, then releases the lock. Creates the lock file if it does not exist. */
export async function withLock<T>(path: string, kind: "shared" | "exclusive", work: () => Promise<T>): Promise<T> {
  using file = await openLock(path);
  await file.lock(kind === "exclusive");
  return await work();
}

/** Takes an exclusive lock without waiting. Dispose of the result to release it; undefined if the lock is held. */
export async function takeLock(path: string): Promise<Disposable | undefined> {
  const file = await openLock(path);
  if (await file.tryLock(true)) return file;
  file.close();
  return undefined;
}

function openLock(path: string): Promise<Deno.FsFile> {
  return Deno.open(path, { create: true, write: true, mode: 0o600 });
}
