import { seedCatalogue } from "./objects/catalogue.ts";
import type {
  BalanceTransaction,
  ChargeRecord,
  CheckoutSession,
  CreditNote,
  Customer,
  DeletedCustomer,
  Dispute,
  Invoice,
  InvoiceItem,
  Metadata,
  MeterEvent,
  MeterEventAdjustment,
  Price,
  Product,
  Refund,
  StripeEvent,
  Subscription,
  ThinEvent,
} from "./objects/shapes.ts";
import type { BillingMode } from "./objects/subscription.ts";
import type { DestinationRecord } from "./objects/event-destination.ts";
import type { Meter } from "./objects/meter.ts";
import type { EndpointRecord } from "./objects/webhook-endpoint.ts";
import type { Rejection } from "./metering/rejections.ts";

/** The delivery state of an event. `failed`: all retries failed. `dropped`: a fault prevents automatic deliveries. */
export type DeliveryState = "pending" | "delivered" | "failed" | "dropped";

/** An event and its delivery. `nextAttemptAt` is in Unix milliseconds, or null if no attempt is scheduled. */
export interface EventRecord {
  id: string;
  event: StripeEvent;
  delivery: DeliveryState;
  attempts: number;
  nextAttemptAt: number | null;
}

/** How a delivery is signed: correctly, with a wrong secret, or with a timestamp outside the tolerance. */
export type SignatureKind = "valid" | "bad" | "old" | "future";

/** One attempt to deliver an event. `status` is null without a response. `at` is in Unix milliseconds. */
export interface DeliveryRecord {
  id: string;
  eventId: string;
  type: string;
  at: number;
  ms: number;
  status: number | null;
  error: string | null;
  signature: SignatureKind;
  /** Whether `/_sim/deliver` made the attempt. */
  manual: boolean;
  /** The endpoint that was created through the API; absent for the simulator's own. */
  endpoint?: string;
}

/** The offer of a checkout session, which Stripe's session object does not contain. A metered price has no quantity. */
export interface SessionOffer {
  id: string;
  lines: { price: string; quantity: number | null }[];
  billingMode: BillingMode;
  trialDays: number;
  subscriptionMetadata: Metadata;
}

/** The usage of a metered item that began to count after its period, or of which a part is billed. The id is the item's. */
export interface MeteringRecord {
  id: string;
  /** Unix seconds. */
  from: number;
  /** The quantity that an invoice item has billed or that is lost, as a decimal. */
  settled: string;
}

/** How the quantity of a usage line of a draft is computed. The id is the line's. It is removed when the draft is finalised. */
export interface UsageRecord {
  id: string;
  invoice: string;
  customer: string;
  meter: string;
  /** Unix seconds: `from <= timestamp < until`. */
  from: number;
  until: number;
  settled: string;
  /** Unix seconds. Usage that is processed later does not count. Null: all usage counts until the draft is finalised. */
  countsUntil: number | null;
  name: string;
  unitAmount: string;
  free: boolean;
}

/** A session of the billing portal. Its id is the secret part of its URL. `createdAt` is in Unix seconds. */
export interface PortalRecord {
  id: string;
  customer: string;
  returnUrl: string | null;
  createdAt: number;
}

/**
 * A meter event and the outcome of its asynchronous processing. `receivedAt`, `processedAt` and `canceledAt` are in Unix
 * seconds. Until the processing, the meter, the customer and the value are unknown.
 */
export interface MeterEventRecord {
  id: string;
  event: MeterEvent;
  receivedAt: number;
  /** The request that brought the event. Error reports name its Idempotency-Key. */
  requestId: string;
  idempotencyKey: string | null;
  status: "pending" | "counted" | "rejected" | "canceled";
  /** Why the event was rejected. */
  rejection: Rejection | null;
  /** Why the event will be rejected, with any content: a fault. */
  forcedRejection: Rejection | null;
  processedAt: number | null;
  canceledAt: number | null;
  meter: string | null;
  customer: string | null;
  value: string | null;
}

/** The last event with an identifier. `id` is the identifier. */
export interface MeterIdentifierRecord {
  id: string;
  eventId: string;
}

/** When a meter event or an adjustment is processed, in Unix milliseconds. */
export interface MeterQueueRecord {
  id: string;
  at: number;
}

export interface MeterAdjustmentRecord {
  id: string;
  adjustment: MeterEventAdjustment;
  eventId: string;
}

/** The rejected events of a meter in a window that was not reported yet. Times are in Unix milliseconds. */
export interface MeterReportRecord {
  id: string;
  /** Null for events without a meter. */
  meter: string | null;
  start: number;
  end: number;
  /** `request` is the Idempotency-Key of the HTTP request. */
  errors: { code: Rejection; message: string; request: string }[];
}

/** A thin event, its data, which only the API returns, and its delivery. */
export interface ThinEventRecord {
  id: string;
  event: ThinEvent;
  data: unknown;
  /** The only destination that gets the event, with any types. Null: all that want it. */
  to: string | null;
  delivery: DeliveryState;
  attempts: number;
}

/** The saved response to an idempotent request, valid for a day. `at` is in Unix milliseconds. */
export interface SavedAnswer {
  id: string;
  fingerprint: string;
  status: number;
  body: string;
  requestId: string;
  at: number;
}

/** A setting of the simulated account, or the clock. The type of the value depends on the id. */
export interface Setting {
  id: string;
  value: unknown;
}

/** The records of one simulator. The maps are in order of creation, which determines the order of lists. */
export interface Records {
  products: Map<string, Product>;
  prices: Map<string, Price>;
  customers: Map<string, Customer | DeletedCustomer>;
  subscriptions: Map<string, Subscription>;
  invoices: Map<string, Invoice>;
  invoiceItems: Map<string, InvoiceItem>;
  metering: Map<string, MeteringRecord>;
  usageLines: Map<string, UsageRecord>;
  balanceTransactions: Map<string, BalanceTransaction>;
  charges: Map<string, ChargeRecord>;
  refunds: Map<string, Refund>;
  disputes: Map<string, Dispute>;
  creditNotes: Map<string, CreditNote>;
  sessions: Map<string, CheckoutSession>;
  offers: Map<string, SessionOffer>;
  portals: Map<string, PortalRecord>;
  events: Map<string, EventRecord>;
  deliveries: Map<string, DeliveryRecord>;
  meters: Map<string, Meter>;
  meterEvents: Map<string, MeterEventRecord>;
  meterIdentifiers: Map<string, MeterIdentifierRecord>;
  meterQueue: Map<string, MeterQueueRecord>;
  meterAdjustments: Map<string, MeterAdjustmentRecord>;
  meterReports: Map<string, MeterReportRecord>;
  thinEvents: Map<string, ThinEventRecord>;
  eventDestinations: Map<string, DestinationRecord>;
  /** The endpoints that were created through the API, beside that of the simulator's own webhook URL. */
  webhookEndpoints: Map<string, EndpointRecord>;
  answers: Map<string, SavedAnswer>;
  /** The clock, and what the account's dashboard sets. A missing setting has its default. */
  settings: Map<string, Setting>;
}

/** Returns new records with the seeded catalogue only. `now` is in Unix seconds. */
export function freshRecords(now: number): Records {
  const records: Records = {
    products: new Map(),
    prices: new Map(),
    customers: new Map(),
    subscriptions: new Map(),
    invoices: new Map(),
    invoiceItems: new Map(),
    metering: new Map(),
    usageLines: new Map(),
    balanceTransactions: new Map(),
    charges: new Map(),
    refunds: new Map(),
    disputes: new Map(),
    creditNotes: new Map(),
    sessions: new Map(),
    offers: new Map(),
    portals: new Map(),
    events: new Map(),
    deliveries: new Map(),
    meters: new Map(),
    meterEvents: new Map(),
    meterIdentifiers: new Map(),
    meterQueue: new Map(),
    meterAdjustments: new Map(),
    meterReports: new Map(),
    thinEvents: new Map(),
    eventDestinations: new Map(),
    webhookEndpoints: new Map(),
    answers: new Map(),
    settings: new Map(),
  };
  const { products, prices } = seedCatalogue(now);
  for (const product of products) records.products.set(product.id, product);
  for (const price of prices) records.prices.set(price.id, price);
  return records;
}

/** Removes the oldest records until at most `max` remain, because each change writes the complete state. */
export function trimOldest(records: Map<string, unknown>, max: number): void {
  for (const id of records.keys()) {
    if (records.size <= max) return;
    records.delete(id);
  }
}

/** Empties the records in place and seeds the catalogue again. */
export function resetRecords(records: Records, now: number): void {
  replaceRecords(records, freshRecords(now));
}

/** Copies the contents of `source` to the maps of `target`. Other parts have references to these maps. */
export function replaceRecords(target: Records, source: Records): void {
  for (const name of Object.keys(target) as (keyof Records)[]) {
    const into = target[name] as Map<string, unknown>;
    into.clear();
    for (const [id, value] of source[name]) into.set(id, value);
  }
}
