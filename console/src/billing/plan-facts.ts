import type { PlansForSale } from "../../../client/switchboard.ts";
import { KIND_LABELS } from "../../../supabase/functions/_shared/billing/kind-labels.ts";
import { money } from "../platform/money.ts";
import type { Plan, PlanDetails } from "./subscription.ts";

export type PlanPrice = NonNullable<PlansForSale["plans"][number]["price"]>;

/** A line of the comparison of plans. */
export interface PlanFact {
  label: string;
  value: string;
}

/** The name of a plan as tenants read it: the plans without a subscription are named for operators. */
export function planName({ key, name }: Pick<Plan, "key" | "name">): string {
  switch (key) {
    case "fallback":
      return "Shared numbers";
    case "free":
      return "Without a subscription";
    default:
      return name;
  }
}

/** The limits of a plan, and what a billing period includes. */
export function planFacts(plan: PlanDetails): PlanFact[] {
  return [
    { label: "Numbers", value: whole(plan.max_numbers) },
    { label: "Messages a day", value: whole(plan.daily_message_limit) },
    { label: "Messages a month", value: whole(plan.monthly_message_limit) },
    { label: "Spend limit", value: money(plan.spend_limit, plan.currency) },
    { label: "Campaign messages a second", value: whole(plan.messages_per_second) },
  ];
}

/** What a billing period includes without a charge: `1,000 segments of sent SMS`. */
export function includedIn(plan: PlanDetails): string[] {
  return ([
    ["sms_out", plan.included_sms_out, "segments of"],
    ["sms_in", plan.included_sms_in, "segments of"],
    ["mms_out", plan.included_mms_out, ""],
    ["mms_in", plan.included_mms_in, ""],
    ["number", plan.included_numbers, "monthly fees of"],
  ] as const).filter(([, count]) => count > 0).map(([kind, count, unit]) =>
    `${whole(count)} ${unit} ${inSentence(KIND_LABELS[kind])}`.replace("  ", " ")
  );
}

const INTERVALS: Readonly<Record<PlanPrice["interval"], string>> = {
  day: "day",
  week: "week",
  month: "month",
  year: "year",
};

/** `a month`, `every 3 months` */
export function intervalInWords({ interval, intervalCount }: Pick<PlanPrice, "interval" | "intervalCount">): string {
  return intervalCount === 1 ? `a ${INTERVALS[interval]}` : `every ${whole(intervalCount)} ${INTERVALS[interval]}s`;
}

/** `$49.00 a month` */
export function priceInWords(price: PlanPrice): string {
  const taxes = price.includesTaxes ? ", including taxes" : "";
  return `${money(price.amount, price.currency)} ${intervalInWords(price)}${taxes}`;
}

const number = new Intl.NumberFormat();
const whole = (value: number) => number.format(value);

/** `Sent SMS` as `sent SMS` */
function inSentence(label: string): string {
  return label.charAt(0).toLowerCase() + label.slice(1);
}
