import type { UnpaidAccountList } from "../../../../client/switchboard.ts";

type Account = UnpaidAccountList["accounts"][number];
type Cost = Account["costs"][number];

const EXACT = 10;
const counted = (count: number, noun: string) => `${count.toLocaleString()} ${noun}${count === 1 ? "" : "s"}`;

/** What an account costs a month in one currency: its numbers, and other recurring fees. */
export function totalCost({ monthlyCost, otherMonthlyCost }: Cost): number {
  return Number((Number(monthlyCost) + Number(otherMonthlyCost)).toFixed(EXACT));
}

/** `3 accounts with 5 numbers, 1 of them without a known price` */
export function costInWords(
  { accounts, numbers, unpriced }: { accounts: number; numbers: number; unpriced: number },
): string {
  const unknown = unpriced === 0 ? "" : `, ${unpriced.toLocaleString()} of them without a known price`;
  return `${counted(accounts, "account")} with ${counted(numbers, "number")}${unknown}`;
}

/** The columns of the file of accounts without a paying tenant. */
export const UNPAID_COLUMNS = [
  "userId",
  "reason",
  "status",
  "subaccountSid",
  "currency",
  "numbers",
  "unpriced",
  "monthlyCost",
  "otherMonthlyCost",
  "phoneNumbers",
];

/** A line for each account and currency. */
export function unpaidLines(accounts: readonly Account[]) {
  return accounts.flatMap(({ userId, reason, status, subaccountSid, costs, numbers }) =>
    costs.map(({ currency, numbers: count, unpriced, monthlyCost, otherMonthlyCost }) => [
      userId,
      reason,
      status,
      subaccountSid,
      currency,
      count,
      unpriced,
      Number(monthlyCost),
      Number(otherMonthlyCost),
      numbers.map(({ phoneNumber }) => phoneNumber).join(" "),
    ])
  );
}
