import type { Limits, OwnLimits, TenantLimits } from "../../../../client/switchboard.ts";

/** A limit, or the markup, that an operator can set for a tenant. */
export type LimitName = keyof Limits | "markup";

interface Field {
  label: string;
  /** What the number means. */
  unit: string;
  /** How many decimals it may have. */
  decimals: number;
  least: number;
  most: number;
}

const COUNT = { decimals: 0, least: 0, most: 2_000_000_000 };
const AMOUNT = { decimals: 2, least: 0, most: 1_000_000_000 };

/** As `admin/limit-shapes.ts` accepts them. */
export const FIELDS: Readonly<Record<LimitName, Field>> = {
  dailyMessageLimit: { label: "Messages in 24 hours", unit: "messages", ...COUNT },
  monthlyMessageLimit: { label: "Messages in a month", unit: "messages", ...COUNT },
  spendLimit: { label: "Spending in a billing period", unit: "in the tenant's prices", ...AMOUNT },
  maxNumbers: { label: "Numbers at a time", unit: "numbers", ...COUNT },
  maxPurchasesPerDay: { label: "Purchases in 24 hours", unit: "numbers", ...COUNT },
  maxPurchasesPerMonth: { label: "Purchases in a month", unit: "numbers", ...COUNT },
  maxNumberPrice: { label: "Highest price of a number", unit: "a month", ...AMOUNT },
  messagesPerSecond: {
    label: "Send rate of campaigns",
    unit: "messages a second",
    decimals: 3,
    least: 0.01,
    most: 1000,
  },
  markup: { label: "Markup", unit: "times what Twilio charges", decimals: 4, least: 0.0001, most: 1000 },
};

export const LIMIT_NAMES = Object.keys(FIELDS) as LimitName[];

/** What is written in the form: empty for the plan's. */
export type Entered = Readonly<Record<LimitName, string>> & {
  /** As `datetime-local` has it, in the operator's time zone; empty: no end. */
  validUntil: string;
};

/** The form as it is opened: with what is set now. */
export function enteredOf(own: OwnLimits | null): Entered {
  const numbers = Object.fromEntries(
    LIMIT_NAMES.map((name) => {
      const value = own?.[name] ?? null;
      return [name, value === null ? "" : String(value)];
    }),
  ) as Record<LimitName, string>;
  return { ...numbers, validUntil: own?.validUntil ? localTime(new Date(own.validUntil)) : "" };
}

/** `2026-11-27T14:05`, in the zone of this browser. */
function localTime(date: Date): string {
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/** What is wrong with a number; null for one that is accepted, and for none. */
export function faultOf(name: LimitName, text: string): string | null {
  if (text.trim() === "") return null;
  const { decimals, least, most } = FIELDS[name];
  const value = numberOf(text);
  if (value === null) return "Enter a number";
  if (value < least || value > most) return `Enter ${least} to ${most}`;
  const written = /\.(\d*?)0*$/.exec(text.trim().replace(",", "."))?.[1] ?? "";
  if (written.length > decimals) return decimals === 0 ? "Enter a whole number" : `Use at most ${decimals} decimals`;
  return null;
}

function numberOf(text: string): number | null {
  const plain = text.trim().replace(",", ".");
  return /^\d+(\.\d*)?$|^\.\d+$/.test(plain) ? Number(plain) : null;
}

/** The faults of the whole form, by field. */
export function faultsOf(entered: Entered, now: Date): Partial<Record<keyof Entered, string>> {
  const faults: Partial<Record<keyof Entered, string>> = {};
  for (const name of LIMIT_NAMES) {
    const fault = faultOf(name, entered[name]);
    if (fault !== null) faults[name] = fault;
  }
  if (LIMIT_NAMES.every((name) => entered[name].trim() === "")) {
    faults[LIMIT_NAMES[0]!] = "Enter one limit at least, or remove all of them";
  }
  if (entered.validUntil !== "" && !(new Date(entered.validUntil) > now)) faults.validUntil = "Choose a time to come";
  return faults;
}

/** What the function gets. The form has no faults. */
export function limitsOf(entered: Entered): Pick<TenantLimits, "limits" | "validUntil"> {
  const limits = Object.fromEntries(LIMIT_NAMES.flatMap((name) => {
    const value = numberOf(entered[name]);
    return value === null ? [] : [[name, value]];
  }));
  return {
    limits,
    ...(entered.validUntil !== "" && { validUntil: new Date(entered.validUntil).toISOString() }),
  };
}
