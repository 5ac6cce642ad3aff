import type Stripe from "stripe";
import type { Enum } from "../platform/database.ts";

/** What is billed to, or given back to, a customer who has left, as `begin_final_bill` returns it. Units are 1/10,000. */
export interface FinalCharge {
  id: string;
  currency: string;
  /** The sums by kind. */
  items: { kind: Enum<"usage_kind">; units: number }[];
  /** The subscription that has ended. */
  subscriptionId: string;
  /** Whether an earlier try may have had effects at Stripe. */
  isRepeated: boolean;
  beganAt: string;
  /** Of a credit, in the smallest unit of the currency, without tax. */
  amount: number;
  /** Of a credit on a paid invoice. */
  method: "refund" | "balance" | "outside" | null;
}

/** What Stripe has made of a charge. `amount`: without tax, in the smallest unit of the currency. */
export interface ChargeDocument {
  type: "invoice_item" | "credit_note";
  id: string;
  invoiceId: string;
  amount: number;
}

export interface ChargeResult {
  documents: ChargeDocument[];
  /** Whether Stripe does not know the customer any more. */
  isCustomerGone: boolean;
}

/** The metadata by which an object of a charge is found again, also when Stripe has forgotten its idempotency key. */
export const CHARGE_KEY = "switchboard_charge";
export const KIND_KEY = "switchboard_kind";

/** Objects of a charge are not older than it, but for a difference of the clocks. */
export function createdSince({ beganAt }: FinalCharge): number {
  return Math.floor(Date.parse(beganAt) / 1000) - 3600;
}

export function isOfCharge({ metadata }: { metadata: Stripe.Metadata | null }, { id }: FinalCharge): boolean {
  return metadata?.[CHARGE_KEY] === id;
}

export function idOf(reference: string | { id: string } | null | undefined): string | null {
  return typeof reference === "string" ? reference : reference?.id ?? null;
}
