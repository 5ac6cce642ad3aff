import assert from "node:assert/strict";
import { subjectOf } from "./event-subject.ts";

const ADA = "3f2e0000-0000-4000-8000-000000000001";
const BEN = "3f2e0000-0000-4000-8000-000000000002";

const originOf = (type: string, object: unknown) => {
  const subject = subjectOf(type, { data: { object } });
  return typeof subject === "string" ? subject : [subject.userId, subject.origin];
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

Deno.test("an event about a subscription, an invoice, a payment or a customer names what to read, and no user", () => {
  const metadata = { user_id: ADA };
  const parent = { subscription_details: { subscription: "sub_1", metadata } };
  const nothing = {
    subscriptionId: null,
    customerId: null,
    invoiceId: null,
    chargeId: null,
    userId: null,
    origin: null,
  };
  const subscription = { ...nothing, subscriptionId: "sub_1" };
  const both = { ...subscription, invoiceId: "in_1" };
  const invoice = { ...nothing, invoiceId: "in_1" };
  const charge = { ...nothing, chargeId: "ch_1" };
  const subjects: [type: string, object: unknown, subject: unknown][] = [
    ["customer.subscription.updated", { id: "sub_1", customer: "cus_1", metadata }, subscription],
    ["invoice.paid", { id: "in_1", customer: "cus_1", parent }, both],
    ["invoice.paid", { id: "in_1", customer: "cus_1", subscription: "sub_1" }, both],
    ["invoice.created", { id: "in_1", customer: "cus_1", parent }, both],
    ["invoice.finalized", { id: "in_1", customer: "cus_1", parent }, both],
    ["invoice.voided", { id: "in_1", customer: "cus_1", parent }, both],
    ["invoice.paid", { id: "in_1", customer: "cus_1" }, invoice],
    ["credit_note.created", { id: "cn_1", invoice: "in_1" }, invoice],
    ["charge.refunded", { id: "ch_1", customer: "cus_1" }, charge],
    ["charge.dispute.created", { id: "dp_1", charge: "ch_1" }, charge],
    ["checkout.session.completed", { customer: "cus_1", subscription: null }, "no_subscription"],
    ["customer.deleted", { id: "cus_1" }, { ...nothing, customerId: "cus_1" }],
  ];
  for (const [type, object, subject] of subjects) assert.deepEqual(subjectOf(type, { data: { object } }), subject);
});

Deno.test("an event that no retry can process says why", () => {
  const object = { id: "sub_1", customer: "cus_1" };
  const updated = "customer.subscription.updated";
  const cases: [type: string, payload: unknown, reason: string][] = [
    ["tax.form.updated", { data: { object } }, "type_not_handled"],
    ["v1.billing.meter.error_report_triggered", { object: "v2.core.event" }, "type_not_handled"],
    [updated, { account: "acct_1", data: { object } }, "other_account"],
    [updated, { data: {} }, "malformed"],
    [updated, {}, "malformed"],
    [updated, null, "malformed"],
    [updated, { data: { object: { id: 7 } } }, "malformed"],
    ["invoice.paid", { data: { object: "in_1" } }, "malformed"],
    ["credit_note.created", { data: { object: { id: "cn_1" } } }, "malformed"],
    ["charge.dispute.created", { data: { object: { id: "dp_1" } } }, "malformed"],
    ["checkout.session.completed", { data: { object: { subscription: 7 } } }, "malformed"],
    ["customer.deleted", { data: { object: {} } }, "malformed"],
  ];
  for (const [type, payload, reason] of cases) assert.equal(subjectOf(type, payload), reason, JSON.stringify(payload));
  assert.notEqual(subjectOf(updated, { account: null, data: { object } }), "other_account");
});
