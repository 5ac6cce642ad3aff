import type Stripe from "stripe";
import { type Db, decide, type Enum, type Row, rows } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { answerableStripeError, isMissingAtStripe } from "../stripe/errors.ts";

/** A tenant's claim that a subscription bought through a Payment Link is their own. */
export interface Claim {
  userId: string;
  /** Null for all of the tenant's gifts. */
  subscriptionId: string | null;
  requestId: string;
}

export interface ClaimDependencies {
  db: Db;
  /** Connects when a claim has to be checked. */
  stripe: () => Promise<Stripe>;
}

export interface ClaimedSubscription {
  id: string;
  plan: string | null;
  status: Enum<"subscription_status">;
}

type Subscription = Row<"subscriptions">;
type Outcome = Enum<"claim_subscription_outcome">;

/** Each gift costs a call to Stripe. */
const MOST_AT_ONCE = 10;

/**
 * Makes gifts a tenant's own. Only a subscription that is a gift to this tenant can be claimed, and only if the email of its
 * customer at Stripe is the confirmed email of the user.
 *
 * @throws ApiError `subscription_not_found`, `email_not_confirmed`, `customer_email_differs`, `stripe_unavailable`,
 * `stripe_misconfigured`
 */
export async function claimSubscriptions(
  claim: Claim,
  dependencies: ClaimDependencies,
): Promise<{ subscriptions: ClaimedSubscription[] }> {
  const gifts = await rows(dependencies.db, "list_claimable_subscriptions", {
    p_user_id: claim.userId,
    p_subscription_id: claim.subscriptionId,
    p_limit: MOST_AT_ONCE,
  });
  const subscriptions: ClaimedSubscription[] = [];
  let refused: ApiError | null = null;
  for (const gift of gifts) {
    const outcome = await claimOne(gift, claim, dependencies);
    if (outcome === "claimed" || outcome === "already") {
      subscriptions.push({ id: gift.id, plan: gift.plan_key, status: gift.status });
    } else refused ??= refusal(outcome, gift.id);
  }
  if (subscriptions.length > 0) return { subscriptions };
  throw refused ?? notFound(claim.subscriptionId);
}

async function claimOne(
  { id, origin, stripe_customer_id: customerId }: Subscription,
  { userId, requestId }: Claim,
  { db, stripe }: ClaimDependencies,
): Promise<Outcome> {
  return await decide(db, "claim_subscription", {
    p_user_id: userId,
    p_subscription_id: id,
    p_customer_id: customerId,
    // A claim that was accepted before needs no further proof.
    p_customer_email: origin === "claim" ? null : await emailOf(customerId, await stripe()),
    p_request_id: requestId,
  });
}

/** The customer's email at Stripe; null without one, and for a customer who was deleted. */
async function emailOf(customerId: string, stripe: Stripe): Promise<string | null> {
  try {
    const customer = await stripe.customers.retrieve(customerId);
    return customer.deleted ? null : customer.email;
  } catch (error) {
    if (isMissingAtStripe(error)) return null;
    throw answerableStripeError(error);
  }
}

function refusal(outcome: Exclude<Outcome, "claimed" | "already">, id: string): ApiError {
  switch (outcome) {
    case "not_found":
      return notFound(id);
    case "unconfirmed_email":
      return new ApiError(
        "email_not_confirmed",
        `Cannot claim the subscription "${id}": confirm your email address first`,
      );
    case "other_email":
      return new ApiError(
        "customer_email_differs",
        `Cannot claim the subscription "${id}": it was bought with another email address than yours`,
      );
  }
}

function notFound(id: string | null): ApiError {
  return new ApiError(
    "subscription_not_found",
    id === null
      ? "Cannot claim a subscription: none was bought for you through a Payment Link"
      : `Cannot claim the subscription "${id}": it was not bought for you through a Payment Link`,
  );
}
