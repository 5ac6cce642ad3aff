import type { TenantFigures } from "../../../../client/switchboard.ts";

export type Amount = TenantFigures["amounts"][number];

/** An amount as a sum is read: with the cents, and with more decimals only where it is less than a cent. */
export function sum(amount: string, currency: string | null): string {
  const value = Number(amount);
  const most = value !== 0 && Math.abs(value) < 0.01 ? 4 : undefined;
  // Without a currency Twilio has priced nothing yet, and it is an estimate.
  if (currency === null) return decimal(value, most);
  try {
    return new Intl.NumberFormat(undefined, {
      style: "currency",
      currency: currency.toUpperCase(),
      ...(most !== undefined && { maximumFractionDigits: most }),
    }).format(value);
  } catch {
    return `${decimal(value, most)} ${currency}`;
  }
}

function decimal(value: number, most = 2): string {
  return new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: most }).format(value);
}

export interface ShownMargin {
  text: string;
  /** As a share of the price, such as `26%`; null without a price. */
  share: string | null;
  isLoss: boolean;
}

/** What is left of the price. Price and cost of one amount are in one currency. */
export function marginOf({ price, cost, margin, currency }: Amount): ShownMargin {
  const whole = Number(price);
  return {
    text: sum(margin, currency),
    share: whole > 0
      ? new Intl.NumberFormat(undefined, { style: "percent" }).format((whole - Number(cost)) / whole)
      : null,
    isLoss: margin.startsWith("-"),
  };
}

/** What the line of messages says to a screen reader, and beside it. */
export function messagesInWords(messages: readonly number[]): string {
  const count = messages.reduce((sum, one) => sum + one, 0);
  return `${new Intl.NumberFormat().format(count)} ${count === 1 ? "message" : "messages"} in ${messages.length} days`;
}
