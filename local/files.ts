/** Returns whether a file, folder or symbolic link exists at `path`. A dangling link counts. */
export async function fileExists(path: string | URL): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Returns the text of a file, or null if it does not exist. */
export async function readTextFileIfThere(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Writes a file that only its owner can read. The write is atomic: readers see the old text or the new one. */
export async function writeSecretFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(draft, text, { mode: 0o600 });
  await Deno.rename(draft, path);
}

/** Copies a file, or a folder with everything in it. */
export async function copy(from: string, to: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("cp", { args: ["-R", from, to], stdin: "null" }).output();
  if (!success) throw new Error(`Cannot copy "${from}": ${new TextDecoder().decode(stderr).trim()}`);
}
