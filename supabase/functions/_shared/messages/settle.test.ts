import assert from "node:assert/strict";
import fc from "fast-check";
import { matchOf } from "./settle.ts";

const RESERVED = Date.parse("2026-11-26T12:00:00Z");
const ours = { body: "Hi", created_at: new Date(RESERVED).toISOString(), idempotency_key: "k" };
type Direction = "outbound-api" | "outbound-reply";
const at = (body: string, minutes = 0, direction: Direction = "outbound-api") => ({
  body,
  direction,
  dateCreated: new Date(RESERVED + minutes * 60_000),
});

Deno.test("a lost message is the only one of its text that no row has", () => {
  const [hi, other] = [at("Hi"), at("Other")];
  assert.deepEqual(matchOf(ours, [other, hi]), { found: hi, isAmbiguous: false });
  assert.deepEqual(matchOf(ours, [hi, at("Hi")]), { found: null, isAmbiguous: true });
  assert.deepEqual(matchOf(ours, []), { found: null, isAmbiguous: false });
});

Deno.test("a message of the hour that no row has keeps the lost one unknown, also with another text at Twilio", () => {
  fc.assert(
    fc.property(fc.string().filter((text) => text !== "Hi"), fc.integer({ min: -1, max: 60 }), (text, minutes) => {
      assert.deepEqual(matchOf(ours, [at(text, minutes)]), { found: null, isAmbiguous: true });
    }),
  );
  assert.equal(matchOf(ours, [at("", 61)]).isAmbiguous, false, "a later one");
  assert.equal(matchOf(ours, [at("You have been unsubscribed", 0, "outbound-reply")]).isAmbiguous, false);
  assert.equal(matchOf({ ...ours, idempotency_key: "reply SM1" }, [at("Twilio's own")]).isAmbiguous, false);
});
