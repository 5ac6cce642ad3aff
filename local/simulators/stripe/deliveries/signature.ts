import { createHmac } from "node:crypto";
import type { SignatureKind } from "../records.ts";

/** The offset of old and future timestamps in seconds. Receivers tolerate 300. */
const AGE = 900;

/**
 * Returns the `Stripe-Signature` header of a payload: `t=<seconds>,v1=<hex>,v0=<hex>`. It implements the documented
 * scheme without the SDK, so that verification with the SDK is an independent check. Stripe adds the fake `v0` in test
 * mode.
 *
 * @param now Unix seconds
 */
export function signatureHeader(payload: string, secret: string, kind: SignatureKind, now: number): string {
  const timestamp = kind === "old" ? now - AGE : kind === "future" ? now + AGE : now;
  const key = kind === "bad" ? `${secret}_wrong` : secret;
  const v1 = hmac(`${timestamp}.${payload}`, key);
  const v0 = hmac(`${timestamp}.${payload}`, "v0");
  return `t=${timestamp},v1=${v1},v0=${v0}`;
}

function hmac(text: string, key: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}
