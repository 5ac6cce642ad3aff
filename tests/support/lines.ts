/** Passes on the lines of a process's output as they are written, including a last line without a line break. */
export async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  let pending = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const parts = (pending + decoder.decode(bytes, { stream: true })).split("\n");
    pending = parts.pop() ?? "";
    parts.forEach(onLine);
  }
  if (pending !== "") onLine(pending);
}
