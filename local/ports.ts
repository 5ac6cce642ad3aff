/** Says that somebody else listens on the port that was asked for. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";

  constructor(readonly port: number) {
    super(`Cannot listen on port ${port}: another program uses it; stop that one or choose another with --port N`);
  }
}

/** Returns a port of 127.0.0.1 that was free a moment ago. */
export function freePort(): number {
  return probe(0);
}

/** Returns `wanted` if it is free, else any free port of 127.0.0.1. */
export function freePortNear(wanted: number): number {
  try {
    return probe(wanted);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return freePort();
    throw error;
  }
}

function probe(port: number): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const { port: free } = listener.addr as Deno.NetAddr;
  listener.close();
  return free;
}
