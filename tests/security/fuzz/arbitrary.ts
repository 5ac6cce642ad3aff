import fc from "fast-check";
import { anyBody, bodyHeaders } from "./bodies.ts";
import type { Endpoint } from "./endpoints.ts";
import { CREDENTIALS, type FuzzRequest } from "./request.ts";

type Header = readonly [string, string];

const METHODS = [
  "GET",
  "GET",
  "POST",
  "POST",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "HEAD",
  "OPTIONS",
  "PROPFIND",
  "QUERY",
  "get",
] as const;

/** A header's value that HTTP/1.1 can transmit, of a size that servers in front of us accept. */
const headerValue = fc.oneof(
  fc.constantFrom(
    "",
    "x",
    "*/*",
    "0",
    "-1",
    "1e9",
    "a,b,,c",
    "\xff\xfe",
    "x".repeat(4_000),
    "{}",
    "%00",
  ),
  fc.string({ maxLength: 30 }).map((value) => value.trim()),
);

const header: fc.Arbitrary<Header> = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      "accept",
      "accept-encoding",
      "accept-language",
      "cookie",
      "content-md5",
      "forwarded",
      "idempotency-key",
      "if-none-match",
      "origin",
      "prefer",
      "range",
      "referer",
      "user-agent",
      "x-client-info",
      "x-forwarded-for",
      "x-forwarded-host",
      "x-forwarded-proto",
      "x-http-method-override",
      "x-original-url",
      "x-request-id",
      "x-region",
      "stripe-signature",
      "x-twilio-signature",
      "authorization",
      "apikey",
    ),
    headerValue,
  ),
  fc.tuple(fc.stringMatching(/^x-[a-z0-9]{1,20}$/), headerValue),
);

const headers: fc.Arbitrary<Header[]> = fc.oneof(
  { weight: 5, arbitrary: fc.array(header, { maxLength: 3 }) },
  header.map((one) => [one, one, one]),
  fc.array(fc.tuple(fc.stringMatching(/^x-[a-z]{8}$/), fc.constant("x".repeat(200))), { minLength: 30, maxLength: 40 }),
);

/** The path after a function's name. `..` alone would name another function. */
const anyPath = fc.oneof(
  fc.constantFrom(
    "",
    "/",
    "//",
    "/%00",
    "/%ff",
    "/%2e%2ex",
    "/%",
    "/a b".replace(" ", "%20"),
    "/status",
    "/inbound/%27%22",
    "/tenants/",
    "/;a=b",
    "/" + "x".repeat(4_000),
    "/TENANTS",
    "/constructor",
    "/__proto__",
  ),
  fc.string({ maxLength: 20 }).map((piece) => `/x${encodeURIComponent(piece)}`),
);

const anyQuery = fc.oneof(
  fc.constantFrom(
    "",
    "?",
    "??",
    "?a",
    "?a=1&a=2",
    "?%00=%00",
    "?%ff=%ff",
    "?__proto__=1",
    "?limit=1e99",
    "?" + "a=b&".repeat(500),
  ),
  fc.string({ maxLength: 30 }).map((piece) => `?${encodeURIComponent(piece)}=${encodeURIComponent(piece)}`),
);

/** Requests to one function: most are close to valid, some are arbitrary. */
export function requestsTo(name: string, { admits, shapes }: Endpoint): fc.Arbitrary<FuzzRequest> {
  const likely = fc.constantFrom(...shapes).chain((shape) =>
    fc.record({
      name: fc.constant(name),
      method: often(fc.constant(shape.method), fc.constantFrom(...METHODS)),
      path: often(fc.constant(shape.path), anyPath),
      query: often(shape.query, anyQuery),
      credential: often(fc.constant(admits[0]), fc.constantFrom(...CREDENTIALS)),
      headers: fc.tuple(
        often(fc.constant(shape.type === null ? [] : [["content-type", shape.type] as const]), bodyHeaders),
        often(fc.constant([]), headers),
      ).map((lists): Header[] => lists.flat()),
      body: often(shape.body, anyBody),
      chunked: fc.boolean(),
    })
  );
  const wild = fc.record({
    name: fc.constant(name),
    method: fc.constantFrom(...METHODS),
    path: anyPath,
    query: anyQuery,
    credential: fc.constantFrom(...CREDENTIALS),
    headers: fc.tuple(bodyHeaders, headers).map((lists): Header[] => lists.flat()),
    body: anyBody,
    chunked: fc.boolean(),
  });
  return fc.oneof({ weight: 4, arbitrary: likely }, { weight: 1, arbitrary: wild });
}

function often<A, B>(usual: fc.Arbitrary<A>, other: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ weight: 7, arbitrary: usual as fc.Arbitrary<A | B> }, { weight: 1, arbitrary: other });
}
