import type Stripe from "stripe";
import * as z from "zod";
import { Constants } from "../database.types.ts";
import { isStripeFailure } from "../stripe/errors.ts";
import type { MeteredLine } from "./read-invoice.ts";

/** What our ledger will bill of a kind in the open period, as `next_invoice_of` returns it. */
export const reckonedKindSchema = z.strictObject({
  kind: z.enum(Constants.public.Enums.usage_kind),
  acceptedUnits: z.int().describe("What Stripe has accepted, without what it is known not to have counted"),
  unsentUnits: z.int().describe("What is rated and not accepted yet"),
  estimatedAmount: z.number().describe("What is not rated yet, by estimate, in the currency"),
  withoutRate: z.int().describe("Days and plans that no estimate includes, because no exchange rate is set"),
  leastUnits: z.int().describe("The least that Stripe may have counted by now"),
  mostUnits: z.int().describe("The most: calls are on their way, and Stripe's sums are minutes late"),
  missingUnits: z.int().describe("What the last comparison with Stripe found missing. It is sent again"),
}).meta({ id: "ReckonedKind" });

export type ReckonedKind = z.output<typeof reckonedKindSchema>;

export const DIFFERENCES = ["none", "on_its_way", "missing", "unexplained"] as const;
export type Difference = (typeof DIFFERENCES)[number];

/** Why Stripe's preview bills another quantity of a kind than our ledger says was accepted. */
export function differenceOf(
  { acceptedUnits, leastUnits, mostUnits, missingUnits }: Omit<ReckonedKind, "kind">,
  stripeUnits: number,
): Difference {
  // Stripe bills a negative sum as zero.
  const within = (least: number, most: number) => Math.max(least, 0) <= stripeUnits && stripeUnits <= Math.max(most, 0);
  if (within(acceptedUnits, acceptedUnits)) return "none";
  if (within(leastUnits, mostUnits)) return "on_its_way";
  return missingUnits !== 0 && within(leastUnits - missingUnits, mostUnits - missingUnits) ? "missing" : "unexplained";
}

/** The units that each kind has on an invoice of Stripe. Others' events may have made a quantity a decimal. */
export function unitsByKind(lines: readonly MeteredLine[]): Map<MeteredLine["kind"], number> {
  const units = new Map<MeteredLine["kind"], number>();
  for (const { kind, quantity } of lines) units.set(kind, (units.get(kind) ?? 0) + Number(quantity));
  return units;
}

/** Stripe's preview of a subscription's next invoice; null when there will be none, such as after a cancellation. */
export async function previewOf(subscriptionId: string, stripe: Stripe): Promise<Stripe.Invoice | null> {
  try {
    return await stripe.invoices.createPreview({ subscription: subscriptionId });
  } catch (error) {
    if (isStripeFailure(error) && error.code === "invoice_upcoming_none") return null;
    throw error;
  }
}
