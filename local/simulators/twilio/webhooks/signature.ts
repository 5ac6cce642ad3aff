import { createHmac } from "node:crypto";

/**
 * Computes the `X-Twilio-Signature` of a request: base64(HMAC-SHA1(token, url + sorted keys, each with its values)).
 *
 * `url` is the full URL with query and port, without fragment. `form` contains the posted parameters (empty for a GET).
 * A repeated key is signed with its distinct values, sorted.
 *
 * Source: https://www.twilio.com/docs/usage/security#validating-requests
 */
export function twilioSignature(token: string, url: string, form: Record<string, string | string[]>): string {
  const signed = Object.keys(form).sort().reduce((text, key) => text + signedValues(key, form[key] ?? ""), url);
  return createHmac("sha1", token).update(signed, "utf8").digest("base64");
}

function signedValues(key: string, value: string | string[]): string {
  if (typeof value === "string") return key + value;
  return [...new Set(value)].sort().map((one) => key + one).join("");
}
