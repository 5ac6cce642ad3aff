/** Another program listens on the requested port. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";

  constructor(readonly port: number) {
    super(`Cannot listen on port ${port}: another program uses it; stop that program or set a port with --port N`);
  }
}

/** Returns a free port of 127.0.0.1. Another program can take it before the caller listens on it. */
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
