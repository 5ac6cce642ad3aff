import type { Buffer } from "node:buffer";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "../../../local/driver/eventually.ts";

/** A webhook as received. */
export interface ReceivedCallback {
  method: string;
  /** The URL as the caller wrote it: origin, path, query. */
  url: string;
  headers: Record<string, string>;
  body: string;
  params: Record<string, string>;
}

/** The response: a status and a body, or `hang-up` to cut the connection. */
export type ReceiverAnswer = { status: number; body?: string; contentType?: string } | "hang-up";

/** A local server that records every webhook it receives. */
export class CallbackReceiver implements AsyncDisposable {
  readonly received: ReceivedCallback[] = [];

  private constructor(readonly url: string, readonly server: http.Server) {}

  static async start(answer: (callback: ReceivedCallback) => ReceiverAnswer = () => ({ status: 204 })) {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const receiver = new CallbackReceiver(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    server.on("request", (request: http.IncomingMessage, response: http.ServerResponse) => {
      void receiver.#take(request, response, answer);
    });
    return receiver;
  }

  /** Waits until `count` webhooks have arrived and returns them all. */
  async atLeast(count: number): Promise<ReceivedCallback[]> {
    await eventually(`${count} webhooks`, () => this.received.length >= count);
    return this.received;
  }

  async #take(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    answer: (callback: ReceivedCallback) => ReceiverAnswer,
  ) {
    let body = "";
    for await (const chunk of request) body += (chunk as Buffer).toString();
    const callback: ReceivedCallback = {
      method: request.method ?? "",
      url: this.url + request.url,
      headers: request.headers as Record<string, string>,
      body,
      params: Object.fromEntries(new URLSearchParams(body)),
    };
    this.received.push(callback);
    const reply = answer(callback);
    if (reply === "hang-up") return request.socket.destroy();
    response.writeHead(reply.status, { "content-type": reply.contentType ?? "text/xml" });
    response.end(reply.body ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
