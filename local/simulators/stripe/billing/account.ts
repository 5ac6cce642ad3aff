import * as z from "zod";
import type { Records } from "../records.ts";

const HOUR = 3600;

/** What the operator sets in Stripe's dashboard, and where Stripe's documents leave open what Stripe does. */
export const AccountSettings = z.strictObject({
  /** How long a draft with usage of a closed period stays a draft: one hour to 72, as in the dashboard. */
  gracePeriodSeconds: z.int().min(HOUR).max(72 * HOUR),
  /** `manual`: a subscription renews only by the control `renew`, at any time. */
  renewals: z.enum(["automatic", "manual"]),
  /** Open at Stripe: whether the last draft of an ended subscription is finalised by itself, or has `auto_advance: false`. */
  draftsOfEnded: z.enum(["stay", "advance"]),
  /** Open at Stripe: whether usage is counted until a time that the API set in `automatically_finalizes_at`. */
  usageInRescheduledDrafts: z.enum(["counts", "ends_with_grace"]),
  /** How many items a subscription can have. Stripe's documents say 20. */
  mostItems: z.int().min(1),
  /** The smallest amount that is charged. A smaller one is added to the customer's balance. */
  minimumCharge: z.int().min(0),
});
export type AccountSettings = z.output<typeof AccountSettings>;

/** The body of `POST /_sim/account`. */
export const AccountChange = AccountSettings.partial();

const DEFAULTS: AccountSettings = {
  gracePeriodSeconds: HOUR,
  renewals: "automatic",
  draftsOfEnded: "stay",
  usageInRescheduledDrafts: "ends_with_grace",
  mostItems: 20,
  minimumCharge: 0,
};

export function accountOf({ settings }: Pick<Records, "settings">): AccountSettings {
  return { ...DEFAULTS, ...settings.get("account")?.value as Partial<AccountSettings> | undefined };
}

export function changeAccount(records: Pick<Records, "settings">, change: z.output<typeof AccountChange>): void {
  records.settings.set("account", { id: "account", value: { ...accountOf(records), ...change } });
}

/** How long a draft of a cycle stays a draft. The dashboard's setting is for invoices with usage, one hour for all others. */
export function graceSeconds(records: Pick<Records, "settings">, hasUsage: boolean, periodSeconds: number): number {
  const { gracePeriodSeconds } = accountOf(records);
  // "Don't specify a value that's longer than your subscription period."
  return hasUsage && gracePeriodSeconds < periodSeconds ? gracePeriodSeconds : HOUR;
}
