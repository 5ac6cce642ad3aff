/** A request with its complete body. */
export interface HttpRequest {
  method: string;
  /** The path without the query. */
  path: string;
  /** The header `Host`. */
  host: string;
  query: URLSearchParams;
  /** The header `Range`. */
  range: string | undefined;
  authorization: string | undefined;
  contentType: string;
  body: string;
  /** The parameters of a form-encoded body. Empty for any other body. */
  form: URLSearchParams;
}

/** A response, a stream that stays open, or `drop` to close the connection without a response. */
export type HttpAnswer =
  | { status: number; headers: Record<string, string>; body: string | Uint8Array<ArrayBuffer> }
  | { status: number; headers: Record<string, string>; stream: (write: (chunk: string) => void) => () => void }
  | "drop";

/** Reads a request with its body. */
export async function requestOf(request: Request): Promise<HttpRequest> {
  const { pathname, searchParams } = new URL(request.url);
  const contentType = request.headers.get("content-type") ?? "";
  const body = await request.text();
  return {
    method: request.method,
    path: pathname,
    host: request.headers.get("host") ?? new URL(request.url).host,
    query: searchParams,
    range: request.headers.get("range") ?? undefined,
    authorization: request.headers.get("authorization") ?? undefined,
    contentType,
    body,
    form: new URLSearchParams(contentType.startsWith("application/x-www-form-urlencoded") ? body : ""),
  };
}

export function responseOf(answer: Exclude<HttpAnswer, "drop">): Response {
  const { status, headers } = answer;
  if ("body" in answer) return new Response(status === 204 ? null : answer.body, { status, headers });
  let close: (() => void) | undefined;
  let isOpen = true;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      close = answer.stream((chunk) => {
        // A chunk that was due when the reader left has no receiver.
        if (isOpen) controller.enqueue(new TextEncoder().encode(chunk));
      });
    },
    cancel() {
      isOpen = false;
      close?.();
    },
  });
  return new Response(body, { status, headers });
}
