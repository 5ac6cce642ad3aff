import assert from "node:assert/strict";
import { SendKeys } from "./send-key.ts";

const DRAFT = { from: "+14155550100", to: "+14155550142", body: "Hello" };

Deno.test("keyFor returns the same key for a draft until its outcome is known", () => {
  const keys = new SendKeys();
  assert.equal(keys.keyFor(DRAFT), keys.keyFor({ ...DRAFT }));
});

Deno.test("keyFor returns a new key after complete(), so that the same text can be sent again", () => {
  const keys = new SendKeys();
  const first = keys.keyFor(DRAFT);
  keys.complete();
  assert.notEqual(keys.keyFor(DRAFT), first);
});

Deno.test("keyFor returns a new key for any change of the draft", () => {
  for (const change of [{ from: "+14155550101" }, { to: "+14155550143" }, { body: "Hello!" }]) {
    const keys = new SendKeys();
    assert.notEqual(keys.keyFor({ ...DRAFT, ...change }), keys.keyFor(DRAFT));
  }
});
