import { MONTHLY_NUMBER_PRICE } from "./prices.ts";
import type { Message, NumberType } from "./records.ts";
import type { Store } from "./store.ts";

/** The usage of one category: the count, the amount, and the price in US dollars (positive). */
export interface Usage {
  count: number;
  usage: number;
  price: number;
}

/** `[from, until)` in milliseconds. */
export interface Period {
  from: number;
  until: number;
}

interface Category {
  description: string;
  countUnit: string;
  usageUnit: string;
  measure(store: Store, accounts: ReadonlySet<string>, period: Period): Usage;
}

const isMms = (message: Message) => message.media.length > 0;
const isInbound = (message: Message) => message.direction === "inbound";

/** The usage categories that the simulator supports, a few of Twilio's several hundred. */
export const USAGE_CATEGORIES: Record<string, Category> = {
  "sms": messages("SMS", (message) => !isMms(message)),
  "sms-inbound": messages("Inbound SMS", (message) => !isMms(message) && isInbound(message)),
  "sms-outbound": messages("Outbound SMS", (message) => !isMms(message) && !isInbound(message)),
  "mms": messages("MMS", isMms),
  "mms-inbound": messages("Inbound MMS", (message) => isMms(message) && isInbound(message)),
  "mms-outbound": messages("Outbound MMS", (message) => isMms(message) && !isInbound(message)),
  "phonenumbers": numbers("Phone Numbers"),
  "phonenumbers-local": numbers("Local PhoneNumbers", "local"),
  "phonenumbers-mobile": numbers("Mobile PhoneNumbers", "mobile"),
  "phonenumbers-tollfree": numbers("Toll-Free PhoneNumbers", "toll-free"),
  "totalprice": {
    description: "Total Price",
    countUnit: "",
    usageUnit: "usd",
    measure: (store, accounts, period) => {
      const parts = ["sms", "mms", "phonenumbers"].map((name) => usageOf(store, name, accounts, period).price);
      const price = parts.reduce((sum, part) => sum + part, 0);
      return { count: 0, usage: price, price };
    },
  },
};

/** Returns the usage of `accounts` in a category and period. @throws Error for an unknown category */
export function usageOf(store: Store, category: string, accounts: ReadonlySet<string>, period: Period): Usage {
  const known = USAGE_CATEGORIES[category];
  if (!known) throw new Error(`Cannot measure usage: unknown category "${category}"`);
  return known.measure(store, accounts, period);
}

/** Returns the SIDs of the account and, if `includeSubaccounts`, of its subaccounts. */
export function familyOf(store: Store, accountSid: string, includeSubaccounts: boolean): Set<string> {
  const children = includeSubaccounts ? store.subaccountsOf(accountSid).map((account) => account.sid) : [];
  return new Set([accountSid, ...children]);
}

function messages(description: string, belongs: (message: Message) => boolean): Category {
  return {
    description,
    countUnit: "messages",
    usageUnit: "messages",
    measure: (store, accounts, period) => {
      const total: Usage = { count: 0, usage: 0, price: 0 };
      for (const message of store.messages.values()) {
        if (!accounts.has(message.accountSid) || !belongs(message) || !isWithin(message.createdAt, period)) continue;
        if (["failed", "canceled", "scheduled"].includes(message.status)) continue;
        total.count += 1;
        total.usage += message.numSegments;
        total.price -= message.price ?? 0;
      }
      return total;
    },
  };
}

function numbers(description: string, type?: NumberType): Category {
  return {
    description,
    countUnit: "numbers",
    usageUnit: "numbers",
    measure: (store, accounts, period) => {
      const bought = store.purchases.filter((purchase) =>
        accounts.has(purchase.accountSid) && (!type || purchase.type === type) && isWithin(purchase.at, period)
      );
      const price = bought.reduce((sum, purchase) => sum + MONTHLY_NUMBER_PRICE[purchase.type], 0);
      return { count: bought.length, usage: bought.length, price };
    },
  };
}

function isWithin(at: number, { from, until }: Period): boolean {
  return at >= from && at < until;
}
