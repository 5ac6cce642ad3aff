import type Stripe from "stripe";
import { type Db, decide, decision } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { answerableStripeError, isUnknownAtStripe } from "../stripe/errors.ts";
import { recordRead } from "./apply-event.ts";
import { notForSale, planPrice } from "./checkout.ts";
import { intervalOf } from "./meters.ts";
import { EXPANDED, itemsOf } from "./subscription.ts";

const beginPlanChange = decision("begin_plan_change", {
  change: ["subscription_id", "price_id?", "plan_keys", "plan_price_ids?"],
  no_subscription: [],
  not_active: ["subscription_id?"],
  unknown_plan: [],
  not_for_sale: [],
  unknown_user: [],
  tenant_closed: [],
});

export interface PlanChange {
  subscriptionId: string;
  plan: string;
  /** False if the subscription had this plan before. */
  changed: boolean;
}

interface Dependencies {
  db: Db;
  stripe: Stripe;
}

/**
 * Moves a tenant's own subscription to another plan, up or down, which Stripe's portal refuses for a subscription with metered
 * items. Only the price of the flat item changes: usage before and after it is billed through the same metered items. Stripe
 * prorates the flat price as its default is.
 *
 * @throws ApiError `plan_not_found`, `plan_not_for_sale`, `subscription_not_found`, `subscription_not_changeable`,
 * `subaccount_closed`, `stripe_unavailable`, `stripe_misconfigured`
 */
export async function changePlan(
  { userId, plan }: { userId: string; plan: string },
  dependencies: Dependencies,
): Promise<PlanChange> {
  const begun = await beginPlanChange(dependencies.db, { p_user_id: userId, p_plan_key: plan });
  switch (begun.outcome) {
    case "unknown_user":
      throw new ApiError("unauthorized", "Cannot change the plan: this user was deleted");
    case "tenant_closed":
      throw new ApiError("subaccount_closed", "Cannot change the plan: an operator closed your account");
    case "unknown_plan":
      throw new ApiError("plan_not_found", `Cannot change to the plan "${plan}": no plan has this key`);
    case "not_for_sale":
      throw notForSale(plan);
    case "no_subscription":
      throw new ApiError("subscription_not_found", "Cannot change the plan: you have no subscription. Buy one first");
    case "not_active":
      throw notChangeable("its payment is pending or overdue, or it is paused. Pay in the billing portal first");
    case "change":
      try {
        return await change(begun, plan, dependencies);
      } catch (error) {
        throw answerableStripeError(error);
      }
  }
}

interface Begun {
  subscription_id: string;
  price_id: string | null;
  plan_keys: string[];
  plan_price_ids: string[] | null;
}

async function change(begun: Begun, plan: string, { db, stripe }: Dependencies): Promise<PlanChange> {
  const price = await planPrice(begun.price_id, plan, stripe);
  const subscription = await read(begun.subscription_id, stripe);
  const item = flatItem(await itemsOf(subscription, stripe), begun);
  if (item.price.id === price.id) return { subscriptionId: subscription.id, plan, changed: false };
  refuseOtherTerms(item.price, price, subscription.currency, plan);
  const readNumber = await decide(db, "next_stripe_read", {});
  const parameters: Stripe.SubscriptionUpdateParams = { items: [{ id: item.id, price: price.id }] };
  // The SDK's key covers the retries of this call. Another request for the same plan finds it, or changes nothing: a key of
  // longer life would return an old response to a tenant who changes back and forth within a day.
  await stripe.subscriptions.update(subscription.id, parameters);
  await recordRead(subscription.id, readNumber, { db, stripe });
  return { subscriptionId: subscription.id, plan, changed: true };
}

async function read(id: string, stripe: Stripe): Promise<Stripe.Subscription> {
  try {
    return await stripe.subscriptions.retrieve(id, { expand: [EXPANDED] });
  } catch (error) {
    if (!isUnknownAtStripe(error)) throw error;
    throw new ApiError("subscription_not_found", "Cannot change the plan: your subscription is over", { cause: error });
  }
}

/** The item that gives the plan: its price is one of a plan's, or it is the only one without a meter. */
function flatItem(items: Stripe.SubscriptionItem[], { plan_keys: keys, plan_price_ids: ids }: Begun) {
  const flat = items.filter(({ price }) => !price.recurring?.meter);
  const ofPlans = flat.filter(({ price: { id, lookup_key } }) =>
    (ids ?? []).includes(id) || lookup_key !== null && keys.includes(lookup_key)
  );
  const [item, another] = ofPlans.length > 0 ? ofPlans : flat;
  if (item === undefined || another !== undefined) {
    throw notChangeable("it does not have exactly one price of a plan. Ask the operator");
  }
  return item;
}

/** With another currency or interval the metered items would have to be replaced, and what they counted would be lost. */
function refuseOtherTerms(from: Stripe.Price, to: Stripe.Price, currency: string, plan: string): void {
  if (to.currency !== currency && to.currency_options?.[currency] === undefined) {
    throw notChangeable(`it is billed in ${currency.toUpperCase()}, and the plan "${plan}" is not`);
  }
  const [was, is] = [intervalOf(from), intervalOf(to)];
  if (was?.interval !== is?.interval || was?.count !== is?.count) {
    throw notChangeable(
      `the plan "${plan}" is billed at another interval. Cancel it and buy the plan when it has ended`,
    );
  }
}

function notChangeable(why: string): ApiError {
  return new ApiError("subscription_not_changeable", `Cannot change the plan of your subscription: ${why}`);
}
