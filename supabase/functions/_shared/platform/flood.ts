import { addressOf } from "./client-address.ts";
import type { Env } from "./env.ts";
import { type ApiError, rateLimited } from "./errors.ts";
import { type LocalLimit, localLimit } from "./local-limit.ts";

/**
 * How many requests of a user this isolate reads per minute. Far above the binding limits, which Postgres counts: this one
 * only keeps a flood from being read and parsed.
 */
const PER_USER = 600;
/** How many webhooks without a signature are answered per minute and address. */
const UNSIGNED_PER_ADDRESS = 60;

type FloodEnv = Pick<Env, "RATE_LIMIT_FACTOR" | "CLIENT_ADDRESS_HEADER">;

let users: LocalLimit | undefined;
let unsigned: LocalLimit | undefined;

/** Counts a request of a user before its body is read. @throws ApiError `rate_limited` with Retry-After */
export function refuseFlood(userId: string, env: FloodEnv): void {
  users ??= localLimit(perMinute(PER_USER, env));
  const wait = users.count(userId);
  if (wait !== null) throw rateLimited(wait);
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
  unsigned ??= localLimit(perMinute(UNSIGNED_PER_ADDRESS, env));
  // All callers without a known address share a limit: each of them is refused in any case.
  const wait = unsigned.count(addressOf(request, env) ?? "unknown");
  throw wait === null ? refusal() : rateLimited(wait);
}

function perMinute(limit: number, { RATE_LIMIT_FACTOR: factor }: FloodEnv): number {
  return factor === 0 ? Infinity : Math.ceil(limit * factor);
}
