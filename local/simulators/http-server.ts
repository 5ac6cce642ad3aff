import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type AllowedCallers, refusalOf } from "../callers.ts";

/** The connection of a request. */
export interface Connection {
  /** Closes the connection without sending the returned response. */
  drop: () => void;
}

export type Handler = (request: Request, connection: Connection) => Response | Promise<Response>;

export interface HttpServer {
  url: string;
  /** Closes all connections and resolves when the port is free. Later calls return the same promise. */
  stop(): Promise<void>;
}

/** More than an inbound message with 5 MB of files in base64. */
const MAX_BODY_BYTES = 8_000_000;

/**
 * Serves `handler` on 127.0.0.1. It uses `node:http` because a fault must be able to close a connection without a
 * response, which `Deno.serve` cannot do.
 *
 * @param port 0 selects a free port
 */
export async function serveHttp(port: number, callers: AllowedCallers, handler: Handler): Promise<HttpServer> {
  const server = createServer((incoming, outgoing) => {
    const { host, origin } = incoming.headers;
    const refusal = refusalOf(host ?? null, origin ?? null, callers);
    if (refusal !== null) {
      outgoing.writeHead(refusal.status, { "content-type": "application/json", connection: "close" });
      outgoing.end(JSON.stringify(refusal.body));
      return;
    }
    answer(incoming, outgoing, handler).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  function stop(): Promise<void> {
    return new Promise((resolve, reject) => {
      server.close((error) => error ? reject(error) : resolve());
      server.closeAllConnections();
    });
  }
  return { url: `http://127.0.0.1:${taken}`, stop: () => stopped ??= stop() };
}

/** Returns a `fetch` that calls a handler in this process without a connection, for tests that make very many calls. */
export function inProcessFetch(handler: Handler): typeof fetch {
  return async (input, init) => {
    let dropped = false;
    const response = await handler(new Request(input, init), { drop: () => dropped = true });
    if (dropped) throw new TypeError("The connection was dropped");
    return response;
  };
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, handler: Handler): Promise<void> {
  const body = await readBody(incoming);
  if (body === null) {
    outgoing.writeHead(413, { connection: "close" }).end();
    return;
  }
  let dropped = false;
  const response = await handler(toRequest(incoming, body), { drop: () => dropped = true });
  if (dropped) {
    incoming.socket.destroy();
    return;
  }
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  await send(response, outgoing);
}

/**
 * Writes each chunk of the body immediately, because a server-sent event stream ends only when the client disconnects.
 */
async function send({ body }: Response, outgoing: ServerResponse): Promise<void> {
  const reader = body?.getReader();
  outgoing.once("close", () => void reader?.cancel());
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) outgoing.write(part.value);
  outgoing.end();
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

function toRequest(incoming: IncomingMessage, body: Uint8Array<ArrayBuffer>): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  const method = incoming.method ?? "GET";
  const hasBody = method !== "GET" && method !== "HEAD" && body.length > 0;
  return new Request(new URL(incoming.url ?? "/", `http://${incoming.headers.host ?? "127.0.0.1"}`), {
    method,
    headers,
    ...(hasBody ? { body } : {}),
  });
}
