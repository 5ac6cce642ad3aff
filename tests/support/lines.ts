/** Hands each line of a process's output on as it is written; the last one also without its line break. */
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
