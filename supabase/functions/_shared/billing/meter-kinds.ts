import type Stripe from "stripe";
import { Constants } from "../database.types.ts";
import type { Enum } from "../platform/database.ts";

type Kind = Enum<"usage_kind">;

const PREFIX = "switchboard_";

/** The kind of usage that a meter counts, by its event name; null for a meter that is not ours. */
export function kindOfEventName(eventName: string): Kind | null {
  return Constants.public.Enums.usage_kind.find((kind) => eventName === PREFIX + kind) ?? null;
}

/** Our meters at Stripe by kind. Of several with one event name, only one is active: that one counts. */
export async function readMeterIds(stripe: Stripe): Promise<Map<Kind, string>> {
  const ids = new Map<Kind, string>();
  for (const status of ["inactive", "active"] as const) {
    const meters = await stripe.billing.meters.list({ status, limit: 100 }).autoPagingToArray({ limit: 1000 });
    for (const { id, event_name } of meters) {
      const kind = kindOfEventName(event_name);
      if (kind !== null) ids.set(kind, id);
    }
  }
  return ids;
}

/** The kinds as invoices and statements name them. */
export const KIND_LABELS: Readonly<Record<Enum<"usage_kind">, string>> = {
  sms_out: "Sent SMS",
  sms_in: "Received SMS",
  mms_out: "Sent MMS",
  mms_in: "Received MMS",
  number: "Phone numbers",
  fee: "Fees",
};
