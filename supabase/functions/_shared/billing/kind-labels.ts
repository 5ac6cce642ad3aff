import type { Enum } from "../platform/database.ts";

/** The kinds of usage as invoices, statements and the console name them. */
export const KIND_LABELS: Readonly<Record<Enum<"usage_kind">, string>> = {
  sms_out: "Sent SMS",
  sms_in: "Received SMS",
  mms_out: "Sent MMS",
  mms_in: "Received MMS",
  number: "Phone numbers",
  fee: "Fees",
};
