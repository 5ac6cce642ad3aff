import type { AvailableNumber, NumbersOverview, Subaccount } from "../../../client/switchboard.ts";
import type { Subscription } from "../billing/subscription.ts";
import { dayOf, timeOfDay } from "../platform/dates.ts";
import { money } from "../platform/money.ts";
import { countryName } from "./countries.ts";

/** Where a tenant gets rid of an obstacle. */
export type WayOut = "overview" | "subscribe" | "pay" | "larger-plan";

/** Why no number can be bought now, and what to do about it. */
export interface Obstacle {
  title: string;
  text: string;
  wayOut: WayOut | null;
}

/** What decides whether a tenant can buy a number. */
export interface BuyingFacts {
  subaccount: Pick<Subaccount, "status">;
  /** The subscription that the tenant pays for. */
  own: Pick<Subscription, "status"> | null;
  overview: NumbersOverview;
  /** Whether a plan on sale has more numbers than the tenant's limit. */
  hasLargerPlan: boolean;
}

/** The first obstacle to any purchase, in the order in which the server refuses; null without one. */
export function obstacleToBuying(
  { subaccount: { status }, own, overview, hasLargerPlan }: BuyingFacts,
): Obstacle | null {
  switch (status) {
    case null:
      return {
        title: "You need a subaccount first",
        text: "It is your own account at Twilio, which holds your numbers. Get it on the overview.",
        wayOut: "overview",
      };
    case "pending":
      return {
        title: "Your subaccount is being set up",
        text: "This usually takes a few seconds. This page updates by itself.",
        wayOut: null,
      };
    case "suspended":
      return suspension(own);
    case "closed":
      return {
        title: "Your subaccount is closed for good",
        text: "Its numbers were returned to Twilio. A new subscription gives you a new subaccount.",
        wayOut: "subscribe",
      };
    case "active":
      return limitReached(overview, own, hasLargerPlan);
  }
}

const PAYABLE = new Set<Subscription["status"]>(["past_due", "unpaid", "paused", "incomplete"]);
const OVER = new Set<Subscription["status"]>(["canceled", "incomplete_expired"]);

function suspension(own: BuyingFacts["own"]): Obstacle {
  const title = "Your subaccount is suspended";
  if (own !== null && PAYABLE.has(own.status)) {
    return { title, text: "A payment is open. Your service resumes when it is paid.", wayOut: "pay" };
  }
  if (own === null || OVER.has(own.status)) {
    return {
      title,
      text: "You have no subscription in force. Subscribe to use your numbers again.",
      wayOut: "subscribe",
    };
  }
  return { title, text: "Your provider suspended it. Contact them to have it resumed.", wayOut: null };
}

function limitReached(
  { numbers, purchases: { day, month }, spending, inProgress }: NumbersOverview,
  own: BuyingFacts["own"],
  hasLargerPlan: boolean,
): Obstacle | null {
  const upgrade = own === null || OVER.has(own.status) ? "subscribe" : "larger-plan";
  if (numbers.held >= numbers.limit) {
    const releasing = inProgress.filter((number) => number.status === "releasing").length;
    return {
      title: usageOf({ numbers }),
      text: releasing > 0
        ? "A number that is being released counts until Twilio confirms it."
        : hasLargerPlan
        ? "To buy another one, choose a plan with more numbers, or release one that you no longer need."
        : "To buy another one, release one that you no longer need, or ask your provider for a higher limit.",
      wayOut: hasLargerPlan ? upgrade : null,
    };
  }
  if (day.left === 0) return purchasesUsed(day, "in 24 hours", hasLargerPlan ? upgrade : null);
  if (month.left === 0) return purchasesUsed(month, "in a calendar month", hasLargerPlan ? upgrade : null);
  if (spending.left === 0) {
    return {
      title: "Your spend limit is reached",
      text: `It resets ${moment(spending.resetsAt)}.` + (hasLargerPlan ? " A larger plan raises it." : ""),
      wayOut: hasLargerPlan ? upgrade : null,
    };
  }
  return null;
}

function purchasesUsed(
  { limit, resetsAt }: NumbersOverview["purchases"]["day"],
  period: string,
  wayOut: WayOut | null,
): Obstacle {
  if (limit === 0) {
    return { title: "Your plan allows no purchases of numbers", text: "Another plan may allow them.", wayOut };
  }
  const purchases = limit === 1 ? "1 number" : `${limit} numbers`;
  return {
    title: `Your plan allows you to buy ${purchases} ${period}`,
    text: "Released numbers count." + (resetsAt === null ? "" : ` You can buy the next one ${moment(resetsAt)}.`),
    wayOut,
  };
}

/** `3 of 3 numbers in your plan` */
export function usageOf({ numbers: { held, limit } }: Pick<NumbersOverview, "numbers">): string {
  return `${held} of ${limit} ${limit === 1 ? "number" : "numbers"} in your plan`;
}

/** `today at 14:05`, or `on Sunday, 22 November at 14:05` */
export function moment(iso: string, now = new Date()): string {
  const day = dayOf(iso, now);
  return `${day === "Today" ? "today" : `on ${day}`} at ${timeOfDay(iso)}`;
}

/** Why one number on offer cannot be bought; null when it can. */
export function obstacleToOffer(
  { monthlyPrice }: Pick<AvailableNumber, "monthlyPrice">,
  { highestPrice, spending }: Pick<NumbersOverview, "highestPrice" | "spending">,
): string | null {
  // The server buys nothing at an unknown price.
  if (monthlyPrice === null) return "Its price is not known just now. Search again in a minute";
  const price = Number(monthlyPrice.amount);
  if (price > highestPrice) {
    return `Your plan allows numbers up to ${money(highestPrice, monthlyPrice.currency)} a month`;
  }
  if (price > spending.left) {
    return `You may still spend ${money(spending.left, monthlyPrice.currency)} until ${
      moment(spending.resetsAt)
        .replace(/^on /, "")
    }`;
  }
  return null;
}

/** What Twilio requires for a number, as short sentences. */
export function requirementsOf(
  { addressRequirement, requiresBundle, isoCountry }: Pick<
    AvailableNumber,
    "addressRequirement" | "requiresBundle" | "isoCountry"
  >,
): string[] {
  const country = countryName(isoCountry);
  const address = {
    none: null,
    any: "Needs an address",
    local: `Needs an address in ${country}`,
    foreign: `Needs an address outside ${country}`,
  }[addressRequirement];
  return [address, requiresBundle === true ? "Needs an approved regulatory bundle" : null]
    .filter((text): text is string => text !== null);
}

/** `SMS, MMS and voice` */
export function capabilitiesInWords({ sms, mms, voice }: AvailableNumber["capabilities"]): string {
  const names = [sms && "SMS", mms && "MMS", voice && "voice"].filter((name): name is string => name !== false);
  return new Intl.ListFormat("en", { type: "conjunction", style: "long" }).format(names).replace(", and ", " and ");
}
