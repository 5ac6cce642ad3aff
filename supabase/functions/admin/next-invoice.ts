import * as z from "zod";
import { differenceOf, DIFFERENCES, previewOf, reckonedKindSchema, unitsByKind } from "../_shared/billing/preview.ts";
import { meteredLines } from "../_shared/billing/read-invoice.ts";
import { decision } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { idSchema } from "../_shared/platform/ids.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { connectStripe } from "../_shared/stripe/connect.ts";
import { answerableStripeError } from "../_shared/stripe/errors.ts";

export const nextInvoiceQuery = z.strictObject({ userId: idSchema }).meta({ id: "NextInvoiceQuery" });

const kindSchema = reckonedKindSchema.extend({
  stripeUnits: z.number().nullable()
    .describe(
      "The quantity on Stripe's preview; null without a preview, or when it has more lines than Stripe returns",
    ),
  difference: z.enum(DIFFERENCES).nullable().describe(
    "none: Stripe bills what it has accepted. on_its_way: calls are on their way, or Stripe's sum is minutes late. " +
      "missing: the last comparison found it, and it is sent again. unexplained: wait for the next comparison",
  ),
}).meta({ id: "NextInvoiceKind" });

export const nextInvoiceSchema = z.strictObject({
  userId: z.guid(),
  subscriptionId: z.string(),
  customerId: z.string(),
  currency: z.string(),
  periodStart: z.iso.datetime(),
  periodEnd: z.iso.datetime().nullable().describe("null: the present period is not read from Stripe yet"),
  isTrial: z.boolean().describe("true: usage of the period is free"),
  kinds: z.array(kindSchema),
  stripe: z.strictObject({
    total: z.int().describe("In the smallest unit of the currency, with tax"),
    lines: z.array(z.strictObject({ description: z.string().nullable(), amount: z.int() }))
      .describe("The first lines, usage and others, as Stripe previews them. Amounts in the smallest unit"),
  }).nullable().describe("null: Stripe will make no invoice, such as after a cancellation"),
}).meta({
  id: "NextInvoice",
  description: "What a tenant's next invoice will bill: our own reckoning beside Stripe's preview",
});

type KindOnInvoice = z.output<typeof kindSchema>;

const invoiceToPreview = decision("next_invoice_of", {
  found: ["subscription_id", "customer_id", "starts_at", "ends_at?", "currency", "is_trial", "kinds"],
  no_payer: [],
  not_found: [],
});

/** A tenant's next invoice: what is accepted, not sent and not rated, beside Stripe's preview of it. */
export async function showNextInvoice(request: Request, { db, env }: Context): Promise<Response> {
  const { userId } = readQuery(request, nextInvoiceQuery);
  const reckoned = await invoiceToPreview(db, { p_user_id: userId });
  switch (reckoned.outcome) {
    case "not_found":
      throw new ApiError("not_found", `Cannot find a tenant "${userId}"`);
    case "no_payer":
      throw new ApiError(
        "subscription_not_found",
        `Cannot preview an invoice: "${userId}" has no subscription of their own`,
      );
    case "found":
  }
  const preview = await connectStripe(env).then(async (stripe) => {
    const invoice = await previewOf(reckoned.subscription_id, stripe);
    if (invoice === null) return null;
    const { data: lines, has_more: isCut } = invoice.lines;
    return { invoice, units: isCut ? null : unitsByKind(await meteredLines(lines, { db, stripe })) };
  }).catch((error) => {
    throw answerableStripeError(error);
  });
  return Response.json({
    userId,
    subscriptionId: reckoned.subscription_id,
    customerId: reckoned.customer_id,
    currency: reckoned.currency,
    periodStart: isoOf(reckoned.starts_at),
    periodEnd: reckoned.ends_at ? isoOf(reckoned.ends_at) : null,
    isTrial: reckoned.is_trial,
    kinds: beside(z.array(reckonedKindSchema).parse(reckoned.kinds), preview?.units ?? null),
    stripe: preview && {
      total: preview.invoice.total,
      lines: preview.invoice.lines.data.map(({ description, amount }) => ({ description, amount })),
    },
  });
}

/** The kinds of both sides: one that Stripe alone bills has no usage of ours. */
function beside(
  reckoned: readonly z.output<typeof reckonedKindSchema>[],
  units: ReadonlyMap<KindOnInvoice["kind"], number> | null,
): KindOnInvoice[] {
  const ours = new Map(reckoned.map((kind) => [kind.kind, kind]));
  const kinds = reckonedKindSchema.shape.kind.options
    .filter((kind) => ours.has(kind) || (units?.get(kind) ?? 0) !== 0);
  return kinds.map((kind) => {
    const one = ours.get(kind) ?? { kind, ...NOTHING };
    const stripeUnits = units === null ? null : units.get(kind) ?? 0;
    return { ...one, stripeUnits, difference: stripeUnits === null ? null : differenceOf(one, stripeUnits) };
  });
}

const NOTHING = {
  acceptedUnits: 0,
  unsentUnits: 0,
  estimatedAmount: 0,
  withoutRate: 0,
  leastUnits: 0,
  mostUnits: 0,
  missingUnits: 0,
};
