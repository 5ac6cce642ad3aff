import assert from "node:assert/strict";
import { KEYWORD_REPLIES, keywordOf } from "../../../local/simulators/twilio/keywords.ts";
import { KEYWORDS } from "./keywords.ts";

Deno.test("the preview shows Twilio's answers and keywords as the simulator has them", () => {
  for (const { word, twilio, others } of KEYWORDS) {
    assert.equal(twilio, KEYWORD_REPLIES[word]);
    for (const other of [word, ...others.split(/, | and /)]) {
      assert.equal(keywordOf(other, "+14155550100"), word, other);
    }
  }
});
