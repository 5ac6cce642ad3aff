import * as z from "zod";
import { invalidRequest } from "../errors.ts";
import { itemOf } from "../objects/subscription.ts";
import type { Subscription } from "../objects/shapes.ts";
import type { Books } from "./books.ts";
import { openInvoiceOf } from "./invoicing.ts";
import * as lifecycle from "./lifecycle.ts";

const WEEK = 7 * 86_400;

/** An action on a subscription. */
interface Action {
  label: string;
  /** Whether the state of the subscription allows the action. */
  possible: (subscription: Subscription, books: Pick<Books, "records">) => boolean;
  run: (books: Books, subscription: Subscription) => void;
}

const inStatus = (...statuses: Subscription["status"][]) => (subscription: Subscription) =>
  statuses.includes(subscription.status);
const running = inStatus("active", "trialing", "past_due");
/** While collection is paused, Stripe attempts no payment, so no payment can fail. */
const collects = (subscription: Subscription) => subscription.pause_collection === null;
const notEnded = (subscription: Subscription) => !lifecycle.hasEnded(subscription);

const ACTIONS = {
  renew: {
    label: "Renew now",
    possible: inStatus("active"),
    run: (books, subscription) => lifecycle.renew(books, subscription),
  },
  trial_will_end: {
    label: "Send trial_will_end",
    possible: inStatus("trialing"),
    run: (books, subscription) => books.emit("customer.subscription.trial_will_end", subscription),
  },
  trial_ends: {
    label: "End trial",
    possible: inStatus("trialing"),
    run: (books, subscription) => lifecycle.endTrial(books, subscription),
  },
  payment_fails: {
    label: "Fail payment",
    possible: (subscription) =>
      collects(subscription) && (running(subscription) || subscription.status === "incomplete"),
    run: lifecycle.failPayment,
  },
  pays: {
    label: "Pay open invoice",
    // An active subscription has an open invoice while its first payment is pending.
    possible: (subscription, books) =>
      inStatus("past_due", "unpaid", "incomplete")(subscription) ||
      inStatus("active")(subscription) && openInvoiceOf(books, subscription) !== undefined,
    run: lifecycle.pay,
  },
  unpaid: {
    label: "Exhaust payment retries",
    possible: (subscription) => collects(subscription) && inStatus("active", "past_due")(subscription),
    run: lifecycle.exhaustRetries,
  },
  expire: {
    label: "Expire",
    possible: inStatus("incomplete"),
    run: lifecycle.expireIncomplete,
  },
  pause: {
    label: "Pause",
    possible: running,
    run: lifecycle.pause,
  },
  resume: {
    label: "Resume",
    possible: inStatus("paused"),
    run: lifecycle.resume,
  },
  pause_collection: {
    label: "Pause collection",
    possible: (subscription) => running(subscription) && !subscription.pause_collection,
    run: (books, subscription) =>
      lifecycle.update(books, subscription, (changed) => {
        changed.pause_collection = { behavior: "void", resumes_at: null };
      }),
  },
  resume_collection: {
    label: "Resume collection",
    possible: (subscription) => notEnded(subscription) && subscription.pause_collection !== null,
    run: (books, subscription) =>
      lifecycle.update(books, subscription, (changed) => {
        changed.pause_collection = null;
      }),
  },
  cancel_at_period_end: {
    label: "Cancel at period end",
    possible: (subscription) => running(subscription) && !subscription.cancel_at_period_end,
    run: (books, subscription) => lifecycle.setCancelAtPeriodEnd(books, subscription, true),
  },
  cancel_in_a_week: {
    label: "Cancel in a week",
    possible: (subscription) => running(subscription) && subscription.cancel_at === null,
    run: (books, subscription) => lifecycle.setCancelAt(books, subscription, books.now() + WEEK),
  },
  keep: {
    label: "Undo cancellation",
    possible: (subscription) => running(subscription) && subscription.cancel_at !== null,
    run: (books, subscription) => lifecycle.setCancelAt(books, subscription, null),
  },
  cancel: {
    label: "Cancel now",
    possible: notEnded,
    run: (books, subscription) => lifecycle.end(books, subscription),
  },
  cancel_and_invoice: {
    label: "Cancel and invoice now",
    possible: notEnded,
    run: (books, subscription) => lifecycle.end(books, subscription, { invoiceNow: true }),
  },
} satisfies Record<string, Action>;

type ActionName = keyof typeof ACTIONS;
const NAMES = Object.keys(ACTIONS) as ActionName[];
const actionOf = (name: ActionName): Action => ACTIONS[name];

/** The body of `POST /_sim/subscriptions/:id`. */
export const SubscriptionAction = z.union([
  z.strictObject({ action: z.enum(NAMES) }),
  z.strictObject({ action: z.literal("change_plan"), plan: z.string() }),
  /** As the dashboard asks: whether to bill the usage of the period, and to credit the rest of it. */
  z.strictObject({ action: z.literal("cancel"), invoiceNow: z.boolean(), prorate: z.boolean().optional() }),
  /** Adds an item beside the others, by the id of its price. */
  z.strictObject({ action: z.literal("add_item"), price: z.string() }),
  /** Unix seconds. */
  z.strictObject({ action: z.literal("cancel_at"), at: z.int().min(0) }),
  z.strictObject({ action: z.literal("delete_customer") }),
]);

/**
 * Performs the requested action on a subscription.
 *
 * @throws StripeApiError 400 if the status of the subscription does not allow the action
 */
export function act(books: Books, subscription: Subscription, request: z.infer<typeof SubscriptionAction>): void {
  switch (request.action) {
    case "delete_customer":
      return lifecycle.deleteCustomer(books, subscription.customer);
    case "change_plan":
      return changePlan(books, subscription, request.plan);
    case "add_item":
      if (!running(subscription)) throw notPossible(request.action, subscription);
      return void lifecycle.addItem(books, subscription, { price: books.price(request.price, "price") });
    case "cancel_at":
      if (!notEnded(subscription)) throw notPossible(request.action, subscription);
      return lifecycle.setCancelAt(books, subscription, request.at);
    default: {
      if ("invoiceNow" in request) {
        if (!notEnded(subscription)) throw notPossible(request.action, subscription);
        return lifecycle.end(books, subscription, request);
      }
      const action = actionOf(request.action);
      if (!action.possible(subscription, books)) throw notPossible(request.action, subscription);
      return action.run(books, subscription);
    }
  }
}

function changePlan(books: Books, subscription: Subscription, plan: string): void {
  if (!running(subscription)) throw notPossible("change_plan", subscription);
  const price = books.priceOfPlan(plan);
  if (!price) throw invalidRequest(`Cannot change to plan "${plan}": no price has that lookup key`);
  lifecycle.changePrice(books, subscription, itemOf(subscription).id, price);
}

function notPossible(action: string, subscription: Subscription) {
  return invalidRequest(`Cannot ${action} subscription "${subscription.id}": its status is "${subscription.status}"`);
}

/** Returns the actions that the state of a subscription allows, with the labels of their buttons. */
export function possibleActions(
  books: Pick<Books, "records">,
  subscription: Subscription,
): { action: string; label: string }[] {
  return NAMES.filter((name) => actionOf(name).possible(subscription, books))
    .map((name) => ({ action: name, label: ACTIONS[name].label }));
}
