import assert from "node:assert/strict";
import fc from "fast-check";
import { SwitchboardError } from "../../../client/switchboard.ts";
import { purchaseSchema } from "../../../supabase/functions/buy-number/contract.ts";
import { fieldErrors, neededIn, paperRules, papersOf } from "./papers.ts";

const refusal = (field: string, code: string) =>
  new SwitchboardError({
    status: 422,
    code: "regulatory_information_required",
    message: "Cannot buy",
    details: [{ field, code }],
  });

Deno.test("a purchase asks for the papers that the search names, and for those that the server then missed", () => {
  assert.deepEqual(neededIn({ addressRequirement: "none", requiresBundle: null }), []);
  assert.deepEqual(neededIn({ addressRequirement: "local", requiresBundle: true }), ["addressSid", "bundleSid"]);
  assert.deepEqual(neededIn({ addressRequirement: "none", requiresBundle: null }, refusal("bundleSid", "required")), [
    "bundleSid",
  ]);
  assert.deepEqual(fieldErrors(refusal("bundleSid", "not_accepted")), {
    bundleSid: "Twilio does not accept this for the number",
  });
  assert.deepEqual(fieldErrors(refusal("phoneNumber", "not_accepted")), {});
});

const hex = fc.stringMatching(/^[0-9a-fA-F]{31,33}$/);
const sid = fc.oneof(
  fc.constant(""),
  fc.string({ maxLength: 40 }),
  fc.tuple(fc.constantFrom("AD", "BU", "ad"), hex).map((parts) => parts.join("")),
);

Deno.test("needed papers are accepted exactly when the server accepts their form", () => {
  const rules = paperRules(["addressSid", "bundleSid"]);
  fc.assert(fc.property(sid, sid, (addressSid, bundleSid) => {
    const isAccepted = rules.addressSid(addressSid) === null && rules.bundleSid(bundleSid) === null;
    const body = { phoneNumber: "+4915731234567", ...papersOf({ addressSid, bundleSid }) };
    const isComplete = addressSid.trim() !== "" && bundleSid.trim() !== "";
    assert.equal(isAccepted, isComplete && purchaseSchema.safeParse(body).success);
  }));
  assert.equal(paperRules([]).addressSid("anything"), null);
});
