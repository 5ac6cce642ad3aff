import type { Alert } from "../../../../client/switchboard.ts";

/** What a kind of alert means, in the words of docs/operations.md. */
export interface AlertWords {
  /** A short sentence in place of the kind. */
  title: string;
  /** What the subject names, such as "Lane". */
  subject: string;
  meaning: string;
  /** What the operator does about it. */
  next: string;
  /** What settles the alert by itself; null: only an operator does. */
  ends: string | null;
  /** The screen on which the operator acts, besides the tenant's. */
  place?: { label: string; path: string };
}

/** Every kind, so that the compiler finds a new one without words. */
export const ALERT_KINDS: Readonly<Record<Alert["kind"], AlertWords>> = {
  dead_letter: {
    title: "Jobs failed in every attempt",
    subject: "Lane",
    meaning: "A job of this lane failed at its last attempt and waits among the dead letters. Nothing repeats it.",
    next: "Read its error, end the cause, and replay it. Replaying is harmless, because every job can run twice.",
    ends: "The replay of the lane's last dead letter",
    place: { label: "Dead letters", path: "/operator/queues" },
  },
  unknown_price: {
    title: "A price belongs to no plan",
    subject: "Price or subscription",
    meaning: "No price of a subscription belongs to a plan. It entitles to nothing new and keeps the plan it had.",
    next: "Give the price to a plan in the table of plans (stripe_price_id). The plan is then applied at once.",
    ends: "A plan with this price",
  },
  subscription_without_tenant: {
    title: "A subscription continues without its tenant",
    subject: "Subscription",
    meaning: "The user was deleted, or an operator closed the tenant, and Stripe continues to collect payments.",
    next: "Cancel the subscription, or resume the tenant. Refunds are made at Stripe.",
    ends: "The end of the subscription",
  },
  campaign_paused: {
    title: "Twilio paused a campaign",
    subject: "Campaign",
    meaning: "An error of Twilio about its number or about the account's settings paused it. twilioCode is that error.",
    next: "End the cause that the code names, then ask the tenant to resume the campaign or to cancel it.",
    ends: "The tenant's resuming or canceling",
  },
  master_account_inactive: {
    title: "Twilio refuses the main account",
    subject: "Account",
    meaning:
      "Twilio treats the account above all tenants as not active, for example without funds. No tenant can send.",
    next: "Add funds, or ask Twilio why the account is suspended. Tenants send again as soon as it is active.",
    ends: "The next sweep after the reactivation",
    place: { label: "Sweep now", path: "/operator/reports/sweep" },
  },
  reconciliation: {
    title: "Twilio's usage and the ledger differ",
    subject: "Account and day, or category",
    meaning: "A closed day has a difference that time does not explain, or a category of which the ledger has nothing.",
    next: "Look at the day's breakdown. Syncing the tenant compares their days again.",
    ends: "A comparison without the difference, or a month without the category",
    place: { label: "Reconciliation", path: "/operator/reports/reconciliation" },
  },
  usage_trigger: {
    title: "Twilio counted far more than the spend limit",
    subject: "Usage trigger",
    meaning:
      "Twilio counted 150 % of the tenant's spend limit in one month. Where the ledger has less than half of it, the tenant was suspended (held).",
    next: "Compare the usage with Twilio's console, rotate the token if it was used elsewhere, then resume the tenant.",
    ends: null,
  },
  unpaid_account: {
    title: "An unpaid account keeps its cost",
    subject: "Account or number",
    meaning: "An account or a number without a paying tenant cannot be released, or a parked number cannot return.",
    next:
      "The reason is Twilio's. For suspended_at_twilio, decide about the account in Twilio's console: nothing changes it here.",
    ends: "The release of the number or the closure of the account",
  },
  exchange_rate: {
    title: "Usage waits for an exchange rate",
    subject: "Currencies",
    meaning: "Usage from this day on is not billed, because no rate between the two currencies is set.",
    next: "Set the exchange rate from that day on.",
    ends: "The exchange rate",
    place: { label: "Revenue", path: "/operator/revenue" },
  },
  metering: {
    title: "Usage cannot be sent to Stripe",
    subject: "Customer and kind of usage",
    meaning: "Stripe refuses usage, lacks a meter or an item for it, or counts more than was sent.",
    next:
      "End the cause that the details name. Where Stripe counts too much, look for another program that sends events.",
    ends: "A summary at Stripe that is equal again, or usage that is accepted",
  },
  meter_rejection: {
    title: "Stripe did not count usage that it had accepted",
    subject: "Customer, kind and day",
    meaning: "The units were sent again. The codes are Stripe's reasons, if it reported any.",
    next: "If it is raised again and again, end the cause that the codes name.",
    ends: "Stripe's counting of the units",
  },
  invoice_difference: {
    title: "An invoice does not bill what was sent",
    subject: "Invoice",
    meaning:
      "The final invoice differs by kind (quantities), Stripe cannot finalise the draft (not_finalised), or the draft was deleted (deleted).",
    next: "Credit what the invoice bills too much. Missing units are sent again by themselves. Then settle the alert.",
    ends: null,
  },
  invoice_grace: {
    title: "Invoices are final too early",
    subject: "Subscription",
    meaning: "Stripe finalises drafts less than 72 hours after the period, before all usage of it is known.",
    next: "Set the grace period of invoices in Stripe's billing settings to 72 hours.",
    ends: "The next draft with enough time",
  },
  payment_moved: {
    title: "A payment was refunded, disputed or given up",
    subject: "Charge or invoice",
    meaning: "Money moved at Stripe. Usage did not change.",
    next: "Decide whether the tenant stays, then settle the alert.",
    ends: null,
  },
  credit_owed: {
    title: "A tenant who left is owed a credit",
    subject: "Final charge",
    meaning: "The credit fits on none of their invoices. Units are ten-thousandths of the currency.",
    next: "Pay it in another way, then settle the alert.",
    ends: null,
  },
};

/** Where an operator acts on an alert besides the tenant's place. That of a reconciliation is the list of its account. */
export function placeOf({ kind, details }: Pick<Alert, "kind" | "details">): AlertWords["place"] {
  const { place } = ALERT_KINDS[kind];
  const { accountSid } = details;
  if (place === undefined || kind !== "reconciliation" || typeof accountSid !== "string") return place;
  return { ...place, path: `${place.path}?${new URLSearchParams({ account: accountSid })}` };
}

/** The states of alerts, of which the list shows one. */
export const ALERT_STATES = ["open", "acknowledged", "settled"] as const;
export type AlertState = (typeof ALERT_STATES)[number];
export type AlertKind = Alert["kind"];

/** What a list of alerts shows. */
export interface AlertFilter {
  state: AlertState;
  kind: AlertKind | undefined;
}

/** Reads the filter from the query of an address. */
export function alertFilterOf(query: URLSearchParams): AlertFilter {
  const kinds = Object.keys(ALERT_KINDS) as AlertKind[];
  return {
    state: ALERT_STATES.find((state) => state === query.get("state")) ?? "open",
    kind: kinds.find((kind) => kind === query.get("kind")),
  };
}

/** The query of an address; empty for the open alerts of all kinds. */
export function alertQueryOf({ state, kind }: AlertFilter): Record<string, string> {
  return { ...(state !== "open" && { state }), ...(kind !== undefined && { kind }) };
}

/** The state as `admin/alerts` names it: there, `open` includes what is acknowledged. */
export const LISTED = { open: "unacknowledged", acknowledged: "acknowledged", settled: "settled" } as const;

/** Which state an alert is in. */
export function stateOf({ settledAt, acknowledgedAt }: Pick<Alert, "settledAt" | "acknowledgedAt">): AlertState {
  if (settledAt !== null) return "settled";
  return acknowledgedAt === null ? "open" : "acknowledged";
}
