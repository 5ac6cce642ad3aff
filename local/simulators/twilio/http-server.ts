import { Buffer } from "node:buffer";
import http from "node:http";
import type { AddressInfo } from "node:net";

/** A request, read to its end. */
export interface HttpRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  authorization: string | undefined;
  contentType: string;
  body: string;
  /** The body's parameters when it is form-encoded. */
  form: URLSearchParams;
}

/** What goes back, `drop` to cut the connection instead, or a stream that stays open. */
export type HttpAnswer =
  | { status: number; headers: Record<string, string>; body: string }
  | { status: number; headers: Record<string, string>; stream: (write: (chunk: string) => void) => () => void }
  | "drop";

export interface HttpServer {
  url: string;
  stop(): Promise<void>;
}

/**
 * Serves `answer` on 127.0.0.1. `node:http` and not `Deno.serve`, because a dropped connection has to be dropped on
 * TCP: there the socket can be destroyed without an answer.
 */
export async function serveHttp(
  port: number,
  answer: (request: HttpRequest) => Promise<HttpAnswer>,
): Promise<HttpServer> {
  const server = http.createServer((incoming, outgoing) => {
    void readRequest(incoming).then(answer).then((result) => reply(incoming, outgoing, result)).catch(() => {
      incoming.socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve());
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readRequest(incoming: http.IncomingMessage): Promise<HttpRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
  const contentType = incoming.headers["content-type"] ?? "";
  return {
    method: incoming.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    authorization: incoming.headers.authorization,
    contentType,
    body,
    form: new URLSearchParams(contentType.startsWith("application/x-www-form-urlencoded") ? body : ""),
  };
}

function reply(incoming: http.IncomingMessage, outgoing: http.ServerResponse, answer: HttpAnswer): void {
  if (answer === "drop") {
    incoming.socket.destroy();
    return;
  }
  outgoing.writeHead(answer.status, answer.headers);
  if ("body" in answer) {
    outgoing.end(answer.body);
    return;
  }
  const close = answer.stream((chunk) => outgoing.write(chunk));
  outgoing.on("close", close);
}
