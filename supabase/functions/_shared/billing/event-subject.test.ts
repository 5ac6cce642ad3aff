import assert from "node:assert/strict";
import { subjectOf } from "./event-subject.ts";

const ADA = "3f2e0000-0000-4000-8000-000000000001";
const BEN = "3f2e0000-0000-4000-8000-000000000002";

const originOf = (type: string, object: unknown) => {
  const subject = subjectOf(type, { data: { object } });
  return [subject?.userId, subject?.origin];
};

Deno.test("a checkout names its user by metadata, else by client_reference_id, and the origin says which", () => {
  const completed = "checkout.session.completed";
  const session = { subscription: "sub_1", customer: "cus_1" };
  const metadata = { user_id: BEN };
  assert.deepEqual(originOf(completed, { ...session, client_reference_id: ADA, metadata }), [BEN, "metadata"]);
  assert.deepEqual(originOf(completed, { ...session, client_reference_id: ADA, metadata: {} }), [ADA, "checkout"]);
  assert.deepEqual(originOf(completed, { ...session, client_reference_id: null, metadata }), [BEN, "metadata"]);
  assert.deepEqual(originOf(completed, { ...session, client_reference_id: "no id" }), [null, null]);
});

Deno.test("a subscription and an invoice name their user by metadata, and a deleted customer names none", () => {
  const metadata = { user_id: ADA };
  const parent = { subscription_details: { subscription: "sub_1", metadata } };
  assert.deepEqual(originOf("customer.subscription.updated", { id: "sub_1", customer: "cus_1", metadata }), [
    ADA,
    "metadata",
  ]);
  assert.deepEqual(originOf("invoice.paid", { customer: "cus_1", parent }), [ADA, "metadata"]);
  assert.deepEqual(originOf("invoice.paid", { customer: "cus_1", subscription: "sub_1" }), [null, null]);
  assert.deepEqual(originOf("customer.deleted", { id: "cus_1" }), [null, null]);
});
