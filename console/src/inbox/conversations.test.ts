import assert from "node:assert/strict";
import * as fc from "fast-check";
import { conversationId, pathOf, sidesOfId } from "./conversations.ts";

Deno.test("sidesOfId returns null for a text that is not the id of a conversation", () => {
  for (const text of ["", "new", "~", "+1~", "+1~+2~+3"]) assert.equal(sidesOfId(text), null, text);
});

Deno.test("pathOf keeps plus signs, and its last part is the id that sidesOfId reads", () => {
  const sides = { own: "+14155550100", peer: "+14155550142" };
  assert.equal(pathOf(sides), "/inbox/+14155550100~+14155550142");
  const side = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("~"));
  fc.assert(fc.property(side, side, (own, peer) => {
    const path = pathOf({ own, peer });
    assert.match(path, /^\/inbox\/[^/?#]+$/);
    assert.equal(decodeURIComponent(path.slice("/inbox/".length)), conversationId({ own, peer }));
    assert.deepEqual(sidesOfId(conversationId({ own, peer })), { own, peer });
  }));
});
