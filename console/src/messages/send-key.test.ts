import assert from "node:assert/strict";
import { SendKeys } from "./send-key.ts";

const DRAFT = { from: "+14155550100", to: "+14155550142", body: "Hello" };

Deno.test("a draft keeps its key until its outcome is known", () => {
  const keys = new SendKeys();
  assert.equal(keys.keyFor(DRAFT), keys.keyFor({ ...DRAFT }));
});

Deno.test("a settled draft gets a new key, so the same words can be sent again", () => {
  const keys = new SendKeys();
  const first = keys.keyFor(DRAFT);
  keys.settle();
  assert.notEqual(keys.keyFor(DRAFT), first);
});

Deno.test("any change of the draft is a message of its own", () => {
  for (const change of [{ from: "+14155550101" }, { to: "+14155550143" }, { body: "Hello!" }]) {
    const keys = new SendKeys();
    assert.notEqual(keys.keyFor({ ...DRAFT, ...change }), keys.keyFor(DRAFT));
  }
});
