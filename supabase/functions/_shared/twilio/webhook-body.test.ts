import assert from "node:assert/strict";
import { webhookFields } from "./webhook-body.ts";

const PLAIN = new URL("https://example.com/twilio-webhook/status/x");
const HASHED = new URL(`${PLAIN}?bodySHA256=${"0".repeat(64)}`);
const names = (count: number) => Array.from({ length: count }, (_, index) => `Field${index}`);
const form = (count: number) => names(count).map((name) => `${name}=1`).join("&");
const json = (count: number) => JSON.stringify(Object.fromEntries(names(count).map((name) => [name, 1])));

Deno.test("a webhook has at most 500 fields, in a form and in JSON", () => {
  assert.equal(webhookFields(form(500), PLAIN).size, 500);
  assert.equal(webhookFields(json(500), HASHED).size, 500);
  const isTooLarge = { code: "body_too_large", message: "Cannot read a webhook of more than 500 fields" };
  assert.throws(() => webhookFields(form(501), PLAIN), isTooLarge);
  assert.throws(() => webhookFields("&".repeat(40_000), PLAIN), isTooLarge);
  assert.throws(() => webhookFields(json(501), HASHED), isTooLarge);
});
