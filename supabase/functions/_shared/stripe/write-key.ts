import { sha256 } from "../platform/encoding.ts";

/**
 * The idempotency key of a write to Stripe: the same for the same subject and parameters. Stripe answers a repeated write with
 * the first response for at least a day, and refuses a key that is used with other parameters: they are therefore part of it.
 *
 * @param subject what the write is for, such as `checkout:<attempt id>`; no personal data
 * @param parameters with the same order of properties in every call
 */
export async function writeKey(subject: string, parameters: unknown): Promise<string> {
  return `${subject}:${await sha256(JSON.stringify(parameters))}`;
}
