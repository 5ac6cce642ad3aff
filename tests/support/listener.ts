import http from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the server received it. */
export interface Heard {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** What a server does with a request: responds with a status (and redirects), hangs up, or stays silent. */
export type Reply = number | { status: number; location: string } | "hangs up" | "is silent";

/** A small server that belongs to a tenant, on this machine. */
export interface Listener extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  url: string;
  heard: Heard[];
  /** The test events of forward webhooks, which are answered with 204 and are not among `heard`. */
  tests: Heard[];
  /** Sets the reply from now on. */
  reply(next: Reply): void;
  /** Sets the reply to requests with this path from now on, test events included. */
  replyTo(path: string, next: Reply): void;
  /** Keeps the next request waiting for its reply. */
  hold(): { arrived: Promise<void>; release: () => void };
}

/** Starts a server that responds with 204 and keeps the requests it receives. */
export async function listen(): Promise<Listener> {
  const heard: Heard[] = [];
  const tests: Heard[] = [];
  let replyToAll: Reply = 204;
  const replies = new Map<string, Reply>();
  let holding: { arrive: () => void; released: Promise<void> } | undefined;
  const server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const { method = "", url = "", headers } = request;
    const isTest = body.startsWith('{"type":"webhook.test"');
    const reply = replies.get(url.split("?")[0]!) ?? (isTest ? 204 : replyToAll);
    (isTest ? tests : heard).push({ method, url, headers: headers as Record<string, string>, body });
    const held = holding;
    holding = undefined;
    held?.arrive();
    await held?.released;
    if (reply === "hangs up") return void request.socket.destroy();
    if (reply === "is silent") return;
    if (typeof reply === "number") response.writeHead(reply).end();
    else response.writeHead(reply.status, { location: reply.location }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    tests,
    reply(next) {
      replyToAll = next;
    },
    replyTo(path, next) {
      replies.set(path, next);
    },
    hold() {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      holding = { arrive: arrived.resolve, released: released.promise };
      return { arrived: arrived.promise, release: released.resolve };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
