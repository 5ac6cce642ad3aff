import { longDate } from "../platform/dates.ts";
import { money } from "../platform/money.ts";
import { type PlanFact, planFacts, planName } from "./plan-facts.ts";
import type { PlanDetails } from "./subscription.ts";

/** What a tenant has and has used, as the limits of plans count it. */
export interface PlanUse {
  numbers: number;
  /** Sent in the last twenty-four hours. */
  dayMessages: number;
  /** Sent in this calendar month (UTC). */
  monthMessages: number;
  /** Used of the spend limit in this billing period. */
  spent: number;
  currency: string | null;
  /** When the spend limit resets. */
  periodUntil: string;
}

/** A limit that another plan changes. */
export interface Change extends PlanFact {
  before: string;
  isLess: boolean;
}

/** The limits that differ between two plans. */
export function changesOf(from: PlanDetails, to: PlanDetails): Change[] {
  const before = planFacts(from);
  const amounts = (plan: PlanDetails) => [
    plan.max_numbers,
    plan.daily_message_limit,
    plan.monthly_message_limit,
    plan.spend_limit,
    plan.messages_per_second,
  ];
  const [old, next] = [amounts(from), amounts(to)];
  return planFacts(to).flatMap((fact, index) =>
    fact.value === before[index]!.value
      ? []
      : [{ ...fact, before: before[index]!.value, isLess: next[index]! < old[index]! }]
  );
}

/** What the limits of a plan would stop at once, in sentences: what the tenant has used already counts. */
export function exceededBy(plan: PlanDetails, use: PlanUse, now: Date): string[] {
  const name = planName(plan);
  const sentences: string[] = [];
  const beyond = use.numbers - plan.max_numbers;
  if (beyond > 0) {
    sentences.push(
      `You have ${counted(use.numbers, "number")}, and ${name} allows ${whole(plan.max_numbers)}: the newest ${
        beyond === 1 ? "one" : whole(beyond)
      } can only receive, ${afterGrace(plan.sending_grace)}`,
    );
  }
  if (use.monthMessages >= plan.monthly_message_limit) {
    const reset = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString();
    sentences.push(
      `You have sent ${counted(use.monthMessages, "message")} this month, and ${name} allows ${
        whole(plan.monthly_message_limit)
      }: more are refused until ${longDate(reset)}`,
    );
  }
  if (use.dayMessages >= plan.daily_message_limit) {
    sentences.push(
      `You have sent ${counted(use.dayMessages, "message")} in 24 hours, and ${name} allows ${
        whole(plan.daily_message_limit)
      }: more are refused until fewer count`,
    );
  }
  if (use.spent >= plan.spend_limit) {
    const amount = (value: number) => money(value, use.currency ?? plan.currency);
    sentences.push(
      `You have used ${amount(use.spent)} in this billing period, and ${name} allows ${
        amount(plan.spend_limit)
      }: what costs more is refused until ${longDate(use.periodUntil)}`,
    );
  }
  return sentences;
}

/** The database writes an interval of days as `14 days`. */
function afterGrace(grace: unknown): string {
  const days = /^(\d+) days?$/.exec(String(grace))?.[1];
  return days === undefined ? "after a notice" : `${counted(Number(days), "day")} after a notice`;
}

const number = new Intl.NumberFormat();
const whole = (value: number) => number.format(value);
const counted = (count: number, noun: string) => `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;
