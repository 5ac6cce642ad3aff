import * as z from "zod";
import type { Json } from "../_shared/database.types.ts";
import { completeRows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { limitsSchema } from "./limit-shapes.ts";

const count = z.int().min(0);

const planSchema = z.strictObject({
  key: z.string(),
  name: z.string(),
  rank: z.int().describe("Of two subscriptions, the one with the higher rank gives more"),
  version: z.int().positive(),
  supersededAt: z.iso.datetime().nullable().describe("When a newer version replaced it; null: this is the newest"),
  stripePriceId: z.string().nullable().describe("null: a price at Stripe belongs to it by its lookup key"),
  currency: z.string().describe("In which usage is billed (ISO 4217, lower case)"),
  markup: z.number().describe("A tenant's price is what Twilio charges times this"),
  segmentPrice: z.number().describe("What a segment is taken to cost until Twilio has priced it"),
  limits: limitsSchema,
  wasSold: z.boolean().describe("Whether a subscription has or had it: other limits then make a new version"),
  subscriptions: count.describe("Subscriptions that have it and are not over"),
}).meta({ id: "ListedPlan", description: "A version of a plan as operators see it" });

type ListedPlan = z.output<typeof planSchema>;

export const planList = z.strictObject({ plans: z.array(planSchema) })
  .meta({ id: "PlanList", description: "The response of admin/plans" });

const limitsOf = (json: Json) => limitsSchema.parse(json);

/** Every version of every plan, by rank, the newest version first. */
export async function listPlans(_request: Request, { db }: Context): Promise<Response> {
  const found = await completeRows(db, "list_plans", {}, ["superseded_at", "stripe_price_id"]);
  const plans = found.map((plan): ListedPlan => ({
    key: plan.key,
    name: plan.name,
    rank: plan.rank,
    version: plan.version,
    supersededAt: isoOf(plan.superseded_at),
    stripePriceId: plan.stripe_price_id,
    currency: plan.currency,
    markup: Number(plan.markup),
    segmentPrice: Number(plan.segment_price),
    limits: limitsOf(plan.limits),
    wasSold: plan.was_sold,
    subscriptions: plan.subscriptions,
  }));
  return Response.json({ plans });
}
