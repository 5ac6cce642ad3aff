import { Hono } from "hono";
import * as z from "zod";
import { act, possibleActions, SubscriptionAction } from "../billing/actions.ts";
import { Books } from "../billing/books.ts";
import { completeSession, openSession, PAYMENTS } from "../billing/checkout.ts";
import { DELIVERY_FAULTS } from "../deliveries/courier.ts";
import { THIN_FAULTS } from "../deliveries/thin-courier.ts";
import { StripeApiError } from "../errors.ts";
import { isPlan } from "../objects/catalogue.ts";
import { NO_ORIGIN } from "../objects/event.ts";
import { flatAmountOf, itemOf } from "../objects/subscription.ts";
import type { Subscription } from "../objects/shapes.ts";
import { shownEvent } from "../api/events.ts";
import { runDueWork } from "../due-work.ts";
import { resetRecords } from "../records.ts";
import type { Connection } from "../../http-server.ts";
import type { Simulator } from "../simulator.ts";
import { billingControls } from "./billing.ts";
import { badRequest, bodyOf } from "./body.ts";
import { deliver, DeliverRequest } from "./deliver.ts";
import { ApiFault } from "./faults.ts";
import { MeterFault } from "./meter-faults.ts";
import { changeMetering, MeteringChange, meteringSettings } from "../metering/settings.ts";
import { meterUsage } from "../metering/quantity.ts";

const CheckoutRequest = z.strictObject({
  /** The `client_reference_id` of a Payment Link: the only field that identifies the user who buys. */
  clientReferenceId: z.string().max(200).nullable(),
  /** The lookup key of a price, such as `team`. */
  plan: z.string(),
  email: z.email().optional(),
  /** true for 14 days, or a number of days. */
  trial: z.union([z.boolean(), z.int().min(1).max(730)]).optional(),
  payment: z.enum(PAYMENTS).optional(),
  paymentStatus: z.enum(["paid", "unpaid", "no_payment_required"]).optional(),
  /** The `subscription_data.metadata` of API callers. A real Payment Link has none. */
  subscriptionMetadata: z.record(z.string(), z.string()).optional(),
});
const DeliveryFaultRequest = z.strictObject({ deliveries: z.enum(DELIVERY_FAULTS) });
const ThinFaultRequest = z.strictObject({
  thinEvents: z.enum(THIN_FAULTS),
  /** How many events are affected. Default: all until the faults are cleared. */
  times: z.int().min(1).optional(),
  /** For `late`, in real milliseconds. */
  delayMs: z.int().min(0).max(120_000).optional(),
});
const FaultRequest = z.union([DeliveryFaultRequest, ThinFaultRequest, MeterFault, ApiFault]);
const ClockRequest = z.union([
  z.strictObject({ advanceSeconds: z.int().min(0).max(10 * 366 * 86_400) }),
  /** Unix seconds. An earlier time is accepted while there are no customers: what follows then begins in the past. */
  z.strictObject({ now: z.int() }),
]);
const TRIAL_DAYS = 14;

/** The controls at `/_sim` for tests, the demo and the dashboard. Bodies are JSON; unknown fields are rejected. */
export function controlApp(simulator: Simulator): Hono<{ Bindings: Connection }> {
  const app = new Hono<{ Bindings: Connection }>();
  const { records, courier, thinCourier, faults, meterFaults } = simulator;
  const open = () => new Books(simulator, NO_ORIGIN);

  app.post("/_sim/checkout", async (c) => {
    const request = await bodyOf(c, CheckoutRequest);
    const books = open();
    const purchase = checkOut(simulator, books, request);
    simulator.changed();
    return c.json({ ...purchase, eventIds: books.eventIds });
  });

  app.get("/_sim/subscriptions", (c) => {
    const newestFirst = [...records.subscriptions.values()].reverse();
    return c.json({ subscriptions: newestFirst.map((subscription) => summary(simulator, subscription)) });
  });

  app.post("/_sim/subscriptions/:id", async (c) => {
    const request = await bodyOf(c, SubscriptionAction);
    const books = open();
    const subscription = books.subscription(c.req.param("id"));
    act(books, subscription, request);
    simulator.changed();
    return c.json({ subscription, eventIds: books.eventIds });
  });

  billingControls(app, simulator);

  app.post("/_sim/deliver", async (c) => c.json(await deliver(simulator, await bodyOf(c, DeliverRequest))));

  app.get("/_sim/events", (c) => {
    const lastAttempts = new Map([...records.deliveries.values()].map((delivery) => [delivery.eventId, delivery]));
    const events = [...records.events.values()].reverse().map((record) => ({
      ...record,
      event: shownEvent(record),
      lastAttempt: lastAttempts.get(record.id) ?? null,
    }));
    return c.json({ events });
  });
  app.get("/_sim/deliveries", (c) => c.json({ deliveries: [...records.deliveries.values()] }));
  app.get("/_sim/meter-events", (c) => c.json({ meterEvents: [...records.meterEvents.values()] }));
  app.get("/_sim/meters", (c) => c.json({ meters: meterUsage(simulator) }));
  app.get("/_sim/metering", (c) => c.json(meteringSettings(records)));
  app.post("/_sim/metering", async (c) => {
    const settings = changeMetering(records, await bodyOf(c, MeteringChange));
    simulator.changed();
    return c.json(settings);
  });
  app.get("/_sim/thin-events", (c) => c.json({ thinEvents: [...records.thinEvents.values()].reverse() }));
  app.get("/_sim/plans", (c) => c.json({ plans: [...records.prices.values()].filter(isPlan) }));

  const activeFaults = () => ({
    api: faults.list(),
    deliveries: [...courier.faults],
    thinEvents: thinCourier.faults,
    meterEvents: meterFaults.list(),
  });
  app.get("/_sim/faults", (c) => c.json(activeFaults()));
  app.post("/_sim/faults", async (c) => {
    const fault = await bodyOf(c, FaultRequest);
    if ("deliveries" in fault) courier.setFault(fault.deliveries);
    else if ("thinEvents" in fault) thinCourier.setFault(fault);
    else if ("meterEvents" in fault) meterFaults.add(fault);
    else faults.add(fault);
    return c.json(activeFaults());
  });
  app.delete("/_sim/faults", (c) => {
    faults.clear();
    meterFaults.clear();
    courier.clearFaults();
    thinCourier.clearFaults();
    return c.json(activeFaults());
  });

  app.get("/_sim/clock", (c) => c.json({ now: simulator.clock.seconds() }));
  app.post("/_sim/clock", async (c) => {
    const request = await bodyOf(c, ClockRequest);
    const now = simulator.clock.seconds();
    if ("now" in request && request.now < now) {
      if (records.customers.size > 0) {
        throw badRequest(`Cannot move the clock back to ${request.now}: it is ${now}, and there are customers`);
      }
      simulator.clock.beginAt(request.now * 1000);
      simulator.changed();
      return c.json({ now: simulator.clock.seconds() });
    }
    simulator.clock.moveTo("now" in request ? request.now * 1000 : simulator.now() + request.advanceSeconds * 1000);
    runDueWork(simulator);
    simulator.changed();
    return c.json({ now: simulator.clock.seconds() });
  });

  app.post("/_sim/reset", async (c) => {
    faults.clear();
    meterFaults.clear();
    courier.faults.clear();
    thinCourier.cancelAll();
    await courier.cancelAll();
    records.settings.clear();
    resetRecords(records, simulator.clock.seconds());
    thinCourier.clearFaults();
    simulator.changed();
    return c.json({ reset: true });
  });

  app.notFound((c) => c.json({ error: { message: `Cannot find the control ${c.req.method} ${c.req.path}` } }, 404));
  app.onError((error, c) => {
    if (!(error instanceof StripeApiError)) throw error;
    return c.json({ error: error.body }, error.status as 400 | 404);
  });
  return app;
}

/** Opens and completes the session of a Payment Link. */
function checkOut(simulator: Simulator, books: Books, request: z.output<typeof CheckoutRequest>) {
  const price = books.priceOfPlan(request.plan);
  if (!price) throw badRequest(`Cannot check out plan "${request.plan}": no price has that lookup key`);
  const session = openSession(books, {
    lines: [{ price, quantity: 1 }],
    trialDays: request.trial === true ? TRIAL_DAYS : request.trial || 0,
    clientReferenceId: request.clientReferenceId,
    customer: null,
    customerEmail: null,
    metadata: {},
    subscriptionMetadata: request.subscriptionMetadata ?? {},
    successUrl: null,
    cancelUrl: null,
    fromPaymentLink: true,
  }, simulator.url());
  return completeSession(books, session, {
    email: request.email ?? "buyer@example.com",
    payment: request.payment ?? "now",
    paymentStatus: request.paymentStatus,
  });
}

/** Returns a subscription for the dashboard and the demo. Times are in Unix seconds. */
export function summary(simulator: Simulator, subscription: Subscription) {
  const { customers, products, sessions } = simulator.records;
  const item = itemOf(subscription);
  const customer = customers.get(subscription.customer);
  const session = [...sessions.values()].find((each) => each.subscription === subscription.id);
  return {
    id: subscription.id,
    status: subscription.status,
    customerId: subscription.customer,
    customerDeleted: !customer || "deleted" in customer,
    email: session?.customer_details?.email ?? null,
    clientReferenceId: session?.client_reference_id ?? null,
    plan: products.get(item.price.product)?.name ?? item.price.id,
    lookupKey: item.price.lookup_key,
    amount: flatAmountOf(item),
    currency: item.price.currency,
    periodEnd: item.current_period_end,
    trialEnd: subscription.trial_end,
    cancelAtPeriodEnd: subscription.cancel_at_period_end,
    cancelAt: subscription.cancel_at,
    collectionPaused: subscription.pause_collection !== null,
    created: subscription.created,
    actions: possibleActions(simulator, subscription),
  };
}
