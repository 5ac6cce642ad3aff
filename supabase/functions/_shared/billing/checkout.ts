import type Stripe from "stripe";
import { type Db, decide, decision } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { describeError, type Log } from "../platform/log.ts";
import { answerableStripeError, isMissingAtStripe, isStripeFailure } from "../stripe/errors.ts";
import { writeKey } from "../stripe/write-key.ts";
import { intervalOf, KINDS, meteredPrices } from "./meters.ts";
import { openPortal } from "./portal.ts";

const beginCheckout = decision("begin_checkout", {
  create: ["attempt_id", "price_id?", "customer_id?", "customers", "replaced_session_id?"],
  open: ["price_id?", "session_id"],
  subscription_exists: ["customer_id?"],
  unknown_plan: [],
  not_for_sale: [],
  unknown_user: [],
  tenant_closed: [],
});
const recordCustomer = decision("record_stripe_customer", { recorded: ["customer_id"], unknown_user: [] });

/** What a tenant wants to buy. */
export interface Order {
  userId: string;
  email: string | undefined;
  /** The key of a plan. */
  plan: string;
  successUrl: string;
  cancelUrl: string;
}

/** A Checkout Session that can be paid. */
export interface OpenCheckout {
  id: string;
  url: string;
}

export interface CheckoutDependencies {
  db: Db;
  stripe: Stripe;
  log: Log;
  /** Whether Stripe Tax computes taxes on what is sold. */
  automaticTax: boolean;
}

/** A session that is over, or a customer who was deleted at Stripe, is replaced in the next round. */
const MOST_ROUNDS = 4;

/**
 * The Checkout Session of a tenant for one plan: the open one, or a new one. The database decides which session is the
 * tenant's, and Stripe whether it can still be paid.
 *
 * @throws ApiError `subscription_exists` with the portal's URL, `plan_not_found`, `plan_not_for_sale`, `checkout_replaced`,
 * `billing_not_set_up`, `subaccount_closed`, `stripe_unavailable`, `stripe_misconfigured`
 */
export async function checkOut(order: Order, dependencies: CheckoutDependencies): Promise<OpenCheckout> {
  try {
    let overSessionId: string | null = null;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const found = await oneRound(order, overSessionId, dependencies);
      if ("url" in found) return found;
      overSessionId = found.overSessionId;
    }
  } catch (error) {
    throw answerableStripeError(error);
  }
  throw replaced();
}

/** @returns a session that can be paid, or the reason for another round */
async function oneRound(
  order: Order,
  overSessionId: string | null,
  dependencies: CheckoutDependencies,
): Promise<OpenCheckout | { overSessionId: string | null }> {
  const { db, stripe } = dependencies;
  const begun = await beginCheckout(db, {
    p_user_id: order.userId,
    p_plan_key: order.plan,
    p_success_url: order.successUrl,
    p_cancel_url: order.cancelUrl,
    p_over_session_id: overSessionId,
  });
  switch (begun.outcome) {
    case "unknown_user":
      throw unknownUser();
    case "tenant_closed":
      throw new ApiError("subaccount_closed", "Cannot sell a subscription: an operator closed your account");
    case "unknown_plan":
      throw new ApiError("plan_not_found", `Cannot sell the plan "${order.plan}": no plan has this key`);
    case "not_for_sale":
      throw notForSale(order.plan);
    case "subscription_exists":
      throw await subscriptionExists(begun.customer_id, order, dependencies);
    case "open": {
      const prices = await pricesOf(begun.price_id, order.plan, stripe);
      const session = await payableSession(begun.session_id, prices, order, dependencies);
      return session ?? { overSessionId: begun.session_id };
    }
    case "create": {
      const prices = await pricesOf(begun.price_id, order.plan, stripe);
      if (begun.replaced_session_id !== null) await endSession(begun.replaced_session_id, order, dependencies);
      return await createSession({ ...begun, prices }, order, dependencies) ?? { overSessionId: null };
    }
  }
}

/** What a session sells: the plan's price, and the metered prices through which usage is billed. */
interface SoldPrices {
  flat: string;
  metered: string[];
}

/**
 * @throws ApiError `plan_not_for_sale` without a price of the plan, `billing_not_set_up` without a metered price for each kind
 * of usage: a subscription without them would not bill its usage
 */
async function pricesOf(priceId: string | null, plan: string, stripe: Stripe): Promise<SoldPrices> {
  const flat = await planPrice(priceId, plan, stripe);
  const interval = intervalOf(flat);
  if (interval === null) throw notForSale(plan);
  const { prices, missing } = await meteredPrices(stripe, flat.currency, interval);
  if (missing.length > 0) {
    throw new ApiError(
      "billing_not_set_up",
      `Cannot sell the plan "${plan}": its usage cannot be billed yet. The operator must run stripe:setup`,
    );
  }
  return { flat: flat.id, metered: KINDS.map((kind) => prices[kind]!.id) };
}

/**
 * The price of a plan: the one with this id, or the one whose lookup key is the plan's key.
 * @throws ApiError `plan_not_for_sale` without one
 */
export async function planPrice(
  priceId: string | null,
  plan: string,
  stripe: Stripe,
  options: Stripe.RequestOptions = {},
): Promise<Stripe.Price> {
  let price: Stripe.Price | undefined;
  try {
    price = priceId !== null
      ? await stripe.prices.retrieve(priceId, {}, options)
      : (await stripe.prices.list({ lookup_keys: [plan], active: true, type: "recurring", limit: 1 }, options)).data[0];
  } catch (error) {
    if (!isMissingAtStripe(error)) throw error;
    throw notForSale(plan, error);
  }
  if (price === undefined || !price.active) throw notForSale(plan);
  return price;
}

/** The session if it can still be paid, at these prices and taxed as wanted; null if it is over. */
async function payableSession(
  sessionId: string,
  { flat, metered }: SoldPrices,
  order: Order,
  dependencies: CheckoutDependencies,
): Promise<OpenCheckout | null> {
  const session = await readSession(sessionId, dependencies.stripe);
  if (session?.status === "open" && session.url) {
    const sold = session.line_items?.data.map(({ price }) => price?.id) ?? [];
    const isTaxed = session.automatic_tax.enabled;
    if (isTaxed === dependencies.automaticTax && sameSet(sold, [flat, ...metered])) {
      return { id: session.id, url: session.url };
    }
    await endSession(sessionId, order, dependencies);
  } else if (session !== null) await refuseIfPaid(session, order, dependencies);
  return null;
}

function sameSet(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && others.every((other) => some.includes(other));
}

/** Expires a session, so that it cannot be paid beside another. @throws ApiError `subscription_exists` if it was paid */
async function endSession(sessionId: string, order: Order, dependencies: CheckoutDependencies): Promise<void> {
  try {
    await dependencies.stripe.checkout.sessions.expire(sessionId);
  } catch (error) {
    // Stripe refuses to expire a session that is complete or expired, or that it does not know.
    if (!isStripeFailure(error) || error.type !== "StripeInvalidRequestError") throw error;
    const session = await readSession(sessionId, dependencies.stripe);
    if (session?.status === "open") throw error;
    if (session !== null) await refuseIfPaid(session, order, dependencies);
  }
}

/** @returns null for a session that Stripe does not know, such as one made with another key */
async function readSession(sessionId: string, stripe: Stripe): Promise<Stripe.Checkout.Session | null> {
  try {
    return await stripe.checkout.sessions.retrieve(sessionId, { expand: ["line_items", "subscription"] });
  } catch (error) {
    if (isMissingAtStripe(error)) return null;
    throw error;
  }
}

/** A completed session counts before the event about its subscription arrives. */
async function refuseIfPaid(
  { status, subscription, customer }: Stripe.Checkout.Session,
  order: Order,
  dependencies: CheckoutDependencies,
): Promise<void> {
  if (status !== "complete" || subscription === null || typeof subscription === "string") return;
  if (subscription.status === "canceled" || subscription.status === "incomplete_expired") return;
  const customerId = typeof customer === "string" ? customer : customer?.id ?? null;
  throw await subscriptionExists(customerId, order, dependencies);
}

interface Attempt {
  attempt_id: string;
  prices: SoldPrices;
  customer_id: string | null;
  customers: number;
}

/** @returns null when the customer was deleted at Stripe: the next round creates another */
async function createSession(
  { attempt_id: attemptId, prices: { flat, metered }, customer_id: knownCustomer, customers }: Attempt,
  order: Order,
  { db, stripe, automaticTax }: CheckoutDependencies,
): Promise<OpenCheckout | null> {
  const customer = knownCustomer ?? await createCustomer(customers, order, { db, stripe });
  const metadata = { user_id: order.userId };
  const parameters: Stripe.Checkout.SessionCreateParams = {
    mode: "subscription",
    customer,
    client_reference_id: order.userId,
    // A metered price takes no quantity.
    line_items: [{ price: flat, quantity: 1 }, ...metered.map((price) => ({ price }))],
    metadata,
    subscription_data: { metadata },
    // Taxes depend on the customer's address, which Checkout then asks for.
    ...(automaticTax && { automatic_tax: { enabled: true }, customer_update: { address: "auto" } }),
    success_url: order.successUrl,
    cancel_url: order.cancelUrl,
  };
  let session: Stripe.Checkout.Session;
  try {
    session = await stripe.checkout.sessions.create(parameters, {
      idempotencyKey: await writeKey(`checkout:${attemptId}`, parameters),
    });
  } catch (error) {
    if (isMissingAtStripe(error, "customer")) {
      await decide(db, "forget_stripe_customer", { p_user_id: order.userId, p_customer_id: customer });
      return null;
    }
    if (isStripeFailure(error) && error.param?.startsWith("line_items")) throw notForSale(order.plan, error);
    throw error;
  }
  const recorded = await decide(db, "record_checkout", {
    p_user_id: order.userId,
    p_attempt_id: attemptId,
    p_session_id: session.id,
  });
  switch (recorded) {
    case "recorded":
      if (!session.url) throw new Error(`Checkout Session "${session.id}" has no URL`);
      return { id: session.id, url: session.url };
    case "replaced":
      // Its URL was not returned to any caller, so it cannot be paid even if this call fails.
      await stripe.checkout.sessions.expire(session.id).catch(() => {});
      throw replaced();
  }
}

/**
 * Creates the tenant's customer. The key changes only with the email address and the customers that existed before, so requests
 * at the same time create one.
 */
async function createCustomer(
  customers: number,
  { userId, email }: Order,
  { db, stripe }: Pick<CheckoutDependencies, "db" | "stripe">,
): Promise<string> {
  const parameters = { ...(email !== undefined && email !== "" && { email }), metadata: { user_id: userId } };
  const customer = await stripe.customers.create(parameters, {
    idempotencyKey: await writeKey(`customer:${userId}:${customers}`, parameters),
  });
  const recorded = await recordCustomer(db, { p_user_id: userId, p_customer_id: customer.id });
  switch (recorded.outcome) {
    case "recorded":
      return recorded.customer_id;
    case "unknown_user":
      throw unknownUser();
  }
}

/** The error names the portal, where the running subscription is paid and canceled. Without the portal it stands alone. */
async function subscriptionExists(
  customerId: string | null,
  { cancelUrl }: Order,
  { stripe, log }: CheckoutDependencies,
): Promise<ApiError> {
  const message =
    "Cannot sell a second subscription: yours is not over. Change its plan, or pay or cancel it in the billing portal";
  try {
    if (customerId === null) return new ApiError("subscription_exists", message);
    const portalUrl = await openPortal({ customerId, returnUrl: cancelUrl }, stripe);
    return new ApiError("subscription_exists", message, { details: [{ portalUrl }] });
  } catch (error) {
    log.error("portal.unavailable", describeError(error));
    return new ApiError("subscription_exists", message);
  }
}

function unknownUser(): ApiError {
  return new ApiError("unauthorized", "Cannot sell a subscription: this user was deleted");
}

export function notForSale(plan: string, cause?: unknown): ApiError {
  return new ApiError("plan_not_for_sale", `Cannot sell the plan "${plan}": it is not for sale`, { cause });
}

function replaced(): ApiError {
  return new ApiError("checkout_replaced", "Cannot open this checkout: another request replaced it. Try again");
}
