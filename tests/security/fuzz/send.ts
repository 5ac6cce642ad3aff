import { Agent, request as open } from "node:http";
import type { FuzzRequest } from "./request.ts";

export interface FuzzAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** Milliseconds until the whole response had arrived. */
  took: number;
}

const agent = new Agent({ keepAlive: false });

/**
 * Sends a request unchanged, with a client that allows what `fetch` would fix or refuse.
 * @throws Error after `patience` milliseconds
 */
export function send(
  url: string,
  { method, body, chunked }: FuzzRequest,
  headers: FuzzRequest["headers"],
  patience: number,
): Promise<FuzzAnswer> {
  const began = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<FuzzAnswer>();
  const sent: Record<string, string | string[]> = {};
  for (const [name, value] of headers) sent[name] = name in sent ? [sent[name]!, value].flat() : value;
  if (body !== null && !chunked) sent["content-length"] = String(body.length);
  if (body !== null && chunked) sent["transfer-encoding"] = "chunked";
  const { hostname, port } = new URL(url);
  // The path unchanged: a URL object would normalise it.
  const path = url.slice(url.indexOf("/", "http://".length));
  const request = open({ agent, hostname, port, path, method, headers: sent }, (response) => {
    const chunks: Uint8Array[] = [];
    response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    response.on("error", reject);
    response.on("end", () => {
      clearTimeout(timer);
      const received = new Headers();
      for (let at = 0; at + 1 < response.rawHeaders.length; at += 2) {
        received.append(response.rawHeaders[at]!, response.rawHeaders[at + 1]!);
      }
      const text = new TextDecoder().decode(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])));
      resolve({ status: response.statusCode ?? 0, headers: received, text, took: performance.now() - began });
    });
  });
  const timer = setTimeout(() => request.destroy(new Error(`no response within ${patience} ms`)), patience);
  request.on("error", (error) => {
    clearTimeout(timer);
    reject(error);
  });
  if (body !== null && chunked) {
    const half = Math.floor(body.length / 2);
    if (half > 0) request.write(body.slice(0, half));
    request.end(body.slice(half));
  } else {
    request.end(body ?? undefined);
  }
  return promise;
}
