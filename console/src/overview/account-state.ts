import type { Usage } from "../../../client/switchboard.ts";
import { noteOn } from "../billing/next-event.ts";
import {
  isInForce,
  mayBuy,
  mayChangePlan,
  type Plan,
  plansForSale,
  type Subscription,
} from "../billing/subscription.ts";
import type { Billing } from "../billing/use-billing.ts";
import { readable } from "../phone/phone-format.ts";
import { longDate } from "../platform/dates.ts";
import type { Subaccount } from "../subaccount/account.ts";
import { usedLimits } from "../billing/limits.ts";
import type { Notice } from "../subaccount/notices.ts";

/** Everything that is known about a tenant's account. */
export interface AccountFacts {
  now: Date;
  subaccount: Subaccount;
  billing: Billing;
  /** Whether the tenant has paid at the checkout, and the subscription is not there yet. */
  isPaymentAwaited: boolean;
  plans: readonly Plan[];
  /** Null while it is not known, and without a subaccount. */
  usage: Usage | null;
  notices: readonly Notice[];
  isOperator: boolean;
  /** Whether the console offers subscriptions. */
  sellsSubscriptions: boolean;
}

/**
 * What the account is in.
 * - `operator`: of an operator who is no tenant. `none`: of a tenant without a subaccount.
 * - `starting`: the subaccount is being set up. `active`: all is well. `past_due`: a payment failed, and all still works.
 * - `stopping`, `resuming`: Twilio is about to follow the subscription.
 * - `held`: an operator suspended it. `unpaid`, `paused`, `ended`: suspended because of the subscription. `suspended`: for
 *   another reason. `closed`: for good.
 */
export type Phase =
  | "operator"
  | "none"
  | "starting"
  | "active"
  | "past_due"
  | "stopping"
  | "resuming"
  | "held"
  | "unpaid"
  | "paused"
  | "ended"
  | "suspended"
  | "closed";

/** What a banner's button does. */
export type BannerAction = "update_card" | "subscribe" | "upgrade" | "keep";

export interface Banner {
  /** Changes when the text means something else: a dismissal counts for one id. */
  id: string;
  /** `critical` and `warning` cannot be dismissed: something does not work, or soon will not. */
  severity: "critical" | "warning" | "notice";
  text: string;
  action: BannerAction | null;
}

/** What every part of the console says about the account. */
export interface AccountState {
  phase: Phase;
  /** The plan whose limits apply now; null when none does. */
  plan: Plan | null;
  planTitle: string;
  planNote: string;
  /** Beside the title of the subaccount. */
  badge: { label: string; color: "exchange" | "blue" | "orange" | "red" | "gray" } | null;
  /** Why the subaccount does not work as usual, and what to do; null when it does. */
  explanation: { title: string; text: string } | null;
  /** The most severe first. */
  banners: readonly Banner[];
}

/** The one place that combines subscription, subaccount, limits and notices, so that no two sentences contradict. */
export function accountState(facts: AccountFacts): AccountState {
  const phase = phaseOf(facts);
  const plan = WORKS.has(phase) && !facts.isPaymentAwaited ? facts.billing.plan : null;
  return {
    phase,
    plan,
    planTitle: planTitle(facts, plan),
    planNote: planNote(facts, phase),
    badge: BADGES[phase],
    explanation: explanationOf(facts, phase),
    banners: bannersOf(facts, phase).toSorted((a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)
    ),
  };
}

const SEVERITIES: readonly Banner["severity"][] = ["critical", "warning", "notice"];

/** The phases in which messages can be sent, from shared numbers without a subaccount. */
const WORKS: ReadonlySet<Phase> = new Set(["none", "starting", "active", "past_due"]);

function phaseOf({ subaccount, billing, plans, isPaymentAwaited, isOperator }: AccountFacts): Phase {
  const { status, heldByOperator } = subaccount;
  const { subscription } = billing;
  const isPaid = subscription !== null && isInForce(subscription, plans);
  switch (status) {
    case "closed":
      return "closed";
    case "pending":
      return heldByOperator ? "held" : "starting";
    case null:
      if (heldByOperator) return "held";
      if (isPaid || isPaymentAwaited) return "starting";
      return isOperator && subscription === null ? "operator" : "none";
    case "active":
      if (heldByOperator) return "stopping";
      if (isPaid) return subscription.status === "past_due" ? "past_due" : "active";
      return hasLapsed(subscription) ? "stopping" : "active";
    case "suspended":
      if (heldByOperator) return "held";
      if (isPaymentAwaited || (isPaid && subscription.status !== "past_due")) return "resuming";
      return subscription === null ? "suspended" : LAPSED_PHASES[subscription.status] ?? "suspended";
  }
}

const LAPSED_PHASES: Readonly<Partial<Record<Subscription["status"], Phase>>> = {
  past_due: "unpaid",
  unpaid: "unpaid",
  paused: "paused",
  canceled: "ended",
};

/** Whether the tenant's own subscription gives nothing any more. A gift that is over takes nothing away. */
function hasLapsed(subscription: Subscription | null): boolean {
  return subscription !== null && subscription.origin !== "checkout" && subscription.status !== "past_due" &&
    subscription.status in LAPSED_PHASES;
}

function planTitle({ billing: { subscription }, plans, isPaymentAwaited }: AccountFacts, plan: Plan | null): string {
  if (subscription !== null && isInForce(subscription, plans)) {
    return plans.find(({ key }) => key === subscription.plan_key)?.name ?? "Your plan";
  }
  if (isPaymentAwaited) return "Your payment is being confirmed";
  if (plan === null) return "No plan";
  return plan.key === "fallback" ? "Shared numbers, without a subscription" : "Own numbers, without a subscription";
}

function planNote(
  { billing: { subscription }, subaccount, isPaymentAwaited }: AccountFacts,
  phase: Phase,
): string {
  if (isPaymentAwaited) return "Your plan appears here as soon as Stripe confirms it, usually within seconds";
  const { suspendsAt, numbersReleasedAt } = subaccount;
  if (phase === "past_due" && suspendsAt !== null) {
    return `Your last payment failed. Your service is paused on ${longDate(suspendsAt)} unless it is paid`;
  }
  if (phase === "active" && (subscription?.status === "unpaid" || subscription?.status === "paused")) {
    return "The subscription that was bought for you is not paid";
  }
  if (phase === "unpaid") return "Your last payment failed, so your service is paused";
  if (phase === "ended" && numbersReleasedAt !== null) {
    return `${noteOn(subscription)}. Your numbers are released on ${longDate(numbersReleasedAt)}`;
  }
  return noteOn(subscription);
}

const BADGES: Readonly<Record<Phase, AccountState["badge"]>> = {
  operator: null,
  none: null,
  starting: { label: "Setting up", color: "blue" },
  active: { label: "Active", color: "exchange" },
  past_due: { label: "Active", color: "exchange" },
  stopping: { label: "Pausing", color: "orange" },
  resuming: { label: "Resuming", color: "blue" },
  held: { label: "Suspended", color: "orange" },
  unpaid: { label: "Suspended", color: "orange" },
  paused: { label: "Suspended", color: "orange" },
  ended: { label: "Suspended", color: "orange" },
  suspended: { label: "Suspended", color: "orange" },
  closed: { label: "Closed", color: "gray" },
};

const PAUSED = "Sending and receiving are paused";
const BY_SUBSCRIPTION = "Your numbers are kept. Service resumes by itself once your subscription is active again";

function explanationOf({ subaccount }: AccountFacts, phase: Phase): AccountState["explanation"] {
  switch (phase) {
    case "operator":
    case "none":
    case "starting":
    case "active":
    case "past_due":
      return null;
    case "stopping":
      return { title: "Your service is being paused", text: "This page updates by itself" };
    case "resuming":
      return { title: "Your service is being resumed", text: "This page updates by itself" };
    case "held":
      return {
        title: PAUSED,
        text: "Your provider suspended this account. Your numbers are kept. Contact your provider to resume it",
      };
    case "unpaid":
      return { title: PAUSED, text: `Your last payment failed. ${BY_SUBSCRIPTION}` };
    case "paused":
      return { title: PAUSED, text: `Your subscription is paused. ${BY_SUBSCRIPTION}` };
    case "ended": {
      const { numbersReleasedAt: date } = subaccount;
      return {
        title: PAUSED,
        text: date === null
          ? "Your subscription has ended. Service resumes by itself once you subscribe again"
          : `Your subscription has ended. Your numbers are released on ${longDate(date)} unless you subscribe again`,
      };
    }
    case "suspended":
      return { title: PAUSED, text: BY_SUBSCRIPTION };
    case "closed":
      return {
        title: "This account is closed for good",
        text: "Its numbers were returned to Twilio. Your past messages stay readable here",
      };
  }
}

function bannersOf(facts: AccountFacts, phase: Phase): Banner[] {
  return [
    ...phaseBanners(facts, phase),
    ...limitBanners(facts, phase),
    ...numberBanners(facts, phase),
    ...dateBanners(facts, phase),
  ];
}

function phaseBanners(facts: AccountFacts, phase: Phase): Banner[] {
  const { subaccount: { suspendsAt, numbersReleasedAt }, billing: { subscription, own }, now } = facts;
  /** Only the own subscription can be paid in the portal; a gift is its buyer's to pay. */
  const pay = own !== null && own.id === subscription?.id && !mayBuy(own) ? "update_card" : "subscribe";
  const critical = (text: string, action: BannerAction | null): Banner[] => [
    { id: phase, severity: "critical", text, action: offered(facts, action) },
  ];
  switch (phase) {
    case "held":
      return critical(
        "Your provider suspended your account. Sending and receiving are paused. Contact your provider",
        null,
      );
    case "unpaid":
      return critical("Your last payment failed, so sending and receiving are paused. Your numbers are kept", pay);
    case "paused":
      return critical("Your subscription is paused, and so are sending and receiving. Your numbers are kept", pay);
    case "suspended":
      return critical("Sending and receiving are paused. Your numbers are kept", "subscribe");
    case "closed":
      return critical("Your account is closed for good. Your past messages stay readable", null);
    case "ended":
      return critical(
        numbersReleasedAt !== null && Date.parse(numbersReleasedAt) > now.getTime()
          ? `Your subscription has ended. Your numbers are released on ${longDate(numbersReleasedAt)}`
          : "Your subscription has ended, and sending and receiving are paused",
        "subscribe",
      );
    case "past_due":
      return [{
        id: `past_due ${suspendsAt ?? ""}`,
        severity: "warning",
        text: suspendsAt !== null && Date.parse(suspendsAt) > now.getTime()
          ? `Your last payment failed. Update your card by ${longDate(suspendsAt)} to keep your numbers working`
          : "Your last payment failed. Update your card to keep your numbers working",
        action: offered(facts, pay === "subscribe" ? null : pay),
      }];
    default:
      return [];
  }
}

function limitBanners(facts: AccountFacts, phase: Phase): Banner[] {
  const { usage, notices, now } = facts;
  if (usage === null || (phase !== "active" && phase !== "past_due")) return [];
  return usedLimits(usage, notices, now).map(({ isReached, text, id }) => ({
    id: `${isReached ? "reached" : "nearly"} ${id}`,
    severity: isReached ? "critical" : "notice",
    text,
    action: offered(facts, "upgrade"),
  }));
}

/** Numbers beyond the plan's limit that will only receive. A larger plan since then ends that. */
function numberBanners(facts: AccountFacts, phase: Phase): Banner[] {
  const { notices, billing: { plan }, now } = facts;
  if (phase !== "active" && phase !== "past_due") return [];
  return notices.flatMap(({ id, kind, details: { phoneNumber, at, maxNumbers } }): Banner[] => {
    if (kind !== "number.sending_ends" || phoneNumber === undefined || at === undefined) return [];
    if (!(Date.parse(at) > now.getTime()) || (plan?.max_numbers ?? 0) > (maxNumbers ?? 0)) return [];
    return [{
      id: `sending_ends ${id}`,
      severity: "warning",
      text: `${readable(phoneNumber)} can only receive from ${longDate(at)} on: it is beyond the numbers of your plan`,
      action: offered(facts, "upgrade"),
    }];
  });
}

/** How long before its date a trial's or a subscription's end is announced. */
const AHEAD_MS = 7 * 24 * 60 * 60 * 1000;

function dateBanners(facts: AccountFacts, phase: Phase): Banner[] {
  const { billing: { subscription, own }, now } = facts;
  if (phase !== "active" || subscription === null) return [];
  const { status, current_period_end: periodEnd, cancel_at: cancelAt } = subscription;
  const isSoon = (date: string | null): date is string => {
    const ahead = date === null ? NaN : Date.parse(date) - now.getTime();
    return ahead > 0 && ahead <= AHEAD_MS;
  };
  if (isSoon(cancelAt)) {
    return [{
      id: `ends ${cancelAt}`,
      severity: "notice",
      text: `Your subscription ends on ${longDate(cancelAt)}, and then sending and receiving are paused`,
      action: offered(facts, own?.id === subscription.id ? "keep" : "subscribe"),
    }];
  }
  return status === "trialing" && cancelAt === null && isSoon(periodEnd)
    ? [{
      id: `trial ${periodEnd}`,
      severity: "notice",
      text: `Your trial ends on ${longDate(periodEnd)}`,
      action: null,
    }]
    : [];
}

/** The action, if the tenant can do it here. */
function offered(
  { billing: { own, subscription }, plans, isPaymentAwaited, sellsSubscriptions }: AccountFacts,
  action: BannerAction | null,
) {
  if (!sellsSubscriptions || isPaymentAwaited || action === null) return null;
  switch (action) {
    case "update_card":
    case "keep":
      return action;
    case "subscribe":
      return mayBuy(own) ? action : null;
    case "upgrade": {
      if (mayBuy(own)) return action;
      const rank = plans.find(({ key }) => key === (subscription ?? own)?.plan_key)?.rank ?? -1;
      return own !== null && mayChangePlan(own, plans) && plansForSale(plans).some((plan) => plan.rank > rank)
        ? action
        : null;
    }
  }
}
