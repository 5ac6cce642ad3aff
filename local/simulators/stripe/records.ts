import { seedCatalogue } from "./objects/catalogue.ts";
import type {
  CheckoutSession,
  Customer,
  DeletedCustomer,
  Invoice,
  Metadata,
  MeterEvent,
  Price,
  Product,
  StripeEvent,
  Subscription,
} from "./objects/shapes.ts";

/** What became of an event: still due, delivered, given up on after the last retry, or dropped by a fault. */
export type DeliveryState = "pending" | "delivered" | "failed" | "dropped";

/** An event and how far its delivery has come. `nextAttemptAt` in Unix milliseconds, null where none is planned. */
export interface EventRecord {
  id: string;
  event: StripeEvent;
  delivery: DeliveryState;
  attempts: number;
  nextAttemptAt: number | null;
}

/** How a delivery was signed. */
export type SignatureKind = "valid" | "bad" | "old" | "future";

/** One attempt to deliver an event. `status` is null where no answer came; `at` in Unix milliseconds. */
export interface DeliveryRecord {
  id: string;
  eventId: string;
  type: string;
  at: number;
  ms: number;
  status: number | null;
  error: string | null;
  signature: SignatureKind;
  /** Sent by `/_sim/deliver`, not by the schedule. */
  manual: boolean;
}

/** What a checkout session sells, which the session object itself does not say. */
export interface SessionOffer {
  id: string;
  price: string;
  quantity: number;
  trialDays: number;
  subscriptionMetadata: Metadata;
}

/** A meter event and what the (asynchronous) processing made of it. */
export interface MeterEventRecord {
  id: string;
  event: MeterEvent;
  outcome: "recorded" | "no_such_customer";
}

/** The saved answer of an idempotent request. `at` in Unix milliseconds: Stripe forgets it after a day. */
export interface SavedAnswer {
  id: string;
  fingerprint: string;
  status: number;
  body: string;
  requestId: string;
  at: number;
}

/** Everything one simulator knows. Maps keep the order of creation, which is the order lists are answered in. */
export interface Records {
  products: Map<string, Product>;
  prices: Map<string, Price>;
  customers: Map<string, Customer | DeletedCustomer>;
  subscriptions: Map<string, Subscription>;
  invoices: Map<string, Invoice>;
  sessions: Map<string, CheckoutSession>;
  offers: Map<string, SessionOffer>;
  events: Map<string, EventRecord>;
  deliveries: Map<string, DeliveryRecord>;
  meterEvents: Map<string, MeterEventRecord>;
  answers: Map<string, SavedAnswer>;
}

/** Fresh records holding only the seeded catalogue; `now` in Unix seconds. */
export function freshRecords(now: number): Records {
  const records: Records = {
    products: new Map(),
    prices: new Map(),
    customers: new Map(),
    subscriptions: new Map(),
    invoices: new Map(),
    sessions: new Map(),
    offers: new Map(),
    events: new Map(),
    deliveries: new Map(),
    meterEvents: new Map(),
    answers: new Map(),
  };
  const { products, prices } = seedCatalogue(now);
  for (const product of products) records.products.set(product.id, product);
  for (const price of prices) records.prices.set(price.id, price);
  return records;
}

/** Forgets what was recorded first, until at most `kept` remain: the state is written whole with every change. */
export function trimOldest(records: Map<string, unknown>, kept: number): void {
  for (const id of records.keys()) {
    if (records.size <= kept) return;
    records.delete(id);
  }
}

/** Empties the records in place and seeds the catalogue again. */
export function resetRecords(records: Records, now: number): void {
  replaceRecords(records, freshRecords(now));
}

/** Puts the contents of `source` into `target`, whose maps other parts already hold. */
export function replaceRecords(target: Records, source: Records): void {
  for (const name of Object.keys(target) as (keyof Records)[]) {
    const into = target[name] as Map<string, unknown>;
    into.clear();
    for (const [id, value] of source[name]) into.set(id, value);
  }
}
