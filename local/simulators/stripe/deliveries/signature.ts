import { createHmac } from "node:crypto";
import type { SignatureKind } from "../records.ts";

/** How far the dated signatures are off, in seconds: beyond the 300 a receiver tolerates. */
const AGE = 900;

/**
 * The `Stripe-Signature` header of a payload: `t=<seconds>,v1=<hex>,v0=<hex>`. Written from the documented scheme
 * and not with the SDK, so that the SDK verifying it proves something. `v0` is the dummy Stripe adds in test mode.
 *
 * @param now Unix seconds.
 */
export function signatureHeader(payload: string, secret: string, kind: SignatureKind, now: number): string {
  const timestamp = kind === "old" ? now - AGE : kind === "future" ? now + AGE : now;
  const key = kind === "bad" ? `${secret}_of_somebody_else` : secret;
  const v1 = hmac(`${timestamp}.${payload}`, key);
  const v0 = hmac(`${timestamp}.${payload}`, "v0");
  return `t=${timestamp},v1=${v1},v0=${v0}`;
}

function hmac(text: string, key: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}
