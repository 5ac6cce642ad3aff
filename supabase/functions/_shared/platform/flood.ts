import { addressOf } from "./client-address.ts";
import type { Env } from "./env.ts";
import { type ApiError, rateLimited } from "./errors.ts";
import { type LocalLimit, localLimit } from "./local-limit.ts";

/**
 * How many requests of a user an endpoint reads per minute in this isolate. Far above the binding limits, which Postgres
 * counts: this one only keeps a flood from being read and parsed.
 */
const PER_USER = 600;
/** How many webhooks without a signature, and links with a wrong one, are answered per minute and address. */
const UNSIGNED_PER_ADDRESS = 60;

type FloodEnv = Pick<Env, "RATE_LIMIT_FACTOR" | "CLIENT_ADDRESS_HEADER">;

let unsigned: LocalLimit | undefined;

/** A body from this size on is large, and so is one of unknown size. */
const LARGE_BYTES = 64 * 1024;

/**
 * The counters of one endpoint. They count a request of a user before its body is read, and throw ApiError `rate_limited`
 * with Retry-After.
 * @param largeBodies how many large bodies of a user are read per minute
 */
export function floodCounter(largeBodies = PER_USER): (request: Request, userId: string, env: FloodEnv) => void {
  let all: LocalLimit | undefined;
  let large: LocalLimit | undefined;
  return (request, userId, env) => {
    all ??= localLimit(perMinute(PER_USER, env));
    large ??= localLimit(perMinute(largeBodies, env));
    const wait = all.count(userId) ?? (hasLargeBody(request) ? large.count(userId) : null);
    if (wait !== null) throw rateLimited(wait);
  };
}

function hasLargeBody({ body, headers }: Request): boolean {
  return body !== null && !(Number(headers.get("content-length") ?? NaN) < LARGE_BYTES);
}

/** The header in which a webhook has its signature, and the form of a signature in it. */
export interface SignatureHeader {
  name: string;
  form: RegExp;
}

/**
 * The signature of a webhook. A webhook without one is refused before its body is read, and counted for its address.
 * @param refusal the error for such a webhook
 * @throws ApiError the refusal, or `rate_limited` with Retry-After
 */
export function signatureOf(
  request: Request,
  { name, form }: SignatureHeader,
  env: FloodEnv,
  refusal: () => ApiError,
): string {
  const signature = request.headers.get(name) ?? "";
  if (form.test(signature)) return signature;
  throw refusalOf(request, env, refusal);
}

/**
 * Counts a request whose signature is missing or wrong for its address.
 * @returns the refusal, or `rate_limited` with Retry-After
 */
export function refusalOf(request: Request, env: FloodEnv, refusal: () => ApiError): ApiError {
  unsigned ??= localLimit(perMinute(UNSIGNED_PER_ADDRESS, env));
  // All callers without a known address share a limit: each of them is refused in any case.
  const wait = unsigned.count(addressOf(request, env) ?? "unknown");
  return wait === null ? refusal() : rateLimited(wait);
}

function perMinute(limit: number, { RATE_LIMIT_FACTOR: factor }: FloodEnv): number {
  return factor === 0 ? Infinity : Math.ceil(limit * factor);
}
