import type * as z from "zod";
import type { MeteringChange, MeteringSettings } from "../simulators/stripe/metering/settings.ts";
import type { MeterEventRecord, ThinEventRecord } from "../simulators/stripe/records.ts";
import type { StackState } from "../stack-state.ts";

/** A purchase on the checkout page. */
export interface Order {
  /** The `client_reference_id` of the Payment Link: the user who buys. Null for a purchase without one. */
  clientReferenceId: string | null;
  /** The lookup key of a price. */
  plan: string;
  email?: string;
  trial?: boolean | number;
  payment?: "now" | "fails_later" | "pending" | "pending_active";
  paymentStatus?: "paid" | "unpaid" | "no_payment_required";
  subscriptionMetadata?: Record<string, string>;
}

export interface Purchase {
  customerId: string;
  subscriptionId: string;
  sessionId: string;
  eventIds: string[];
}

/** A request to deliver events manually. `local/simulators/stripe/control/deliver.ts` documents the fields. */
export interface Delivery {
  eventId?: string;
  eventIds?: string[];
  event?: Record<string, unknown>;
  times?: number;
  signature?: "valid" | "bad" | "old" | "future";
  order?: "sequence" | "reversed" | "together";
  shape?: "current" | "old";
}

/** The controls of the Stripe simulator. */
export interface StripeSide {
  /** Completes the checkout page as a customer. */
  subscribe(order: Order): Promise<Purchase>;
  /** Changes a subscription: `payment_fails`, `pays`, `pause`, `resume`, `cancel`, `unpaid` … */
  control(
    subscriptionId: string,
    action: string,
    more?: Record<string, unknown>,
  ): Promise<{ eventIds: string[]; subscription: { status: string; ended_at: number | null } }>;
  /** Changes what the account's dashboard sets. `local/simulators/stripe/billing/account.ts` documents the settings. */
  account(change: Record<string, unknown>): Promise<void>;
  /** Moves Stripe's clock forward, and with it what is due: renewals, finalisations, the processing of meter events. */
  advanceClock(seconds: number): Promise<{ now: number }>;
  deliver(delivery: Delivery): Promise<{ eventIds: string[]; statuses: (number | null)[] }>;
  /** Returns Stripe's time in Unix seconds. */
  now(): Promise<number>;
  /** Sets Stripe's clock to an earlier time, in Unix seconds, while there are no customers. */
  beginAt(seconds: number): Promise<void>;
  /** Moves Stripe's clock forward and does what becomes due meanwhile. Returns the new time in Unix seconds. */
  advance(seconds: number): Promise<number>;
  /** Changes how Stripe meters. `local/simulators/stripe/metering/settings.ts` documents the settings. */
  metering(change: z.infer<typeof MeteringChange>): Promise<MeteringSettings>;
  /** Returns all meter events with the outcome of their processing, in order of receipt. */
  meterEvents(): Promise<MeterEventRecord[]>;
  /** Returns all thin events with their data and delivery, newest first. */
  thinEvents(): Promise<ThinEventRecord[]>;
  /**
   * Injects a fault into API calls (`match`, `kind`, …), into all deliveries (`deliveries: "paused"` …), into those of thin
   * events (`thinEvents: "lost"` …), or into the processing of meter events (`meterEvents: "reject"`, `code`).
   */
  fault(fault: Record<string, unknown>): Promise<void>;
  /** Returns how many API faults no call has triggered yet. */
  pendingFaults(): Promise<number>;
  /** Removes all faults. Paused deliveries are then sent. */
  clearFaults(): Promise<void>;
}

/** Returns the controls of a stack's Stripe simulator. For a simulator in this process, pass its `fetch`. */
export function stripeSide({ stripe }: Pick<StackState, "stripe">, fetch = globalThis.fetch): StripeSide {
  async function control(method: string, path: string, body?: unknown) {
    const response = await fetch(`${stripe.url}/_sim${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The Stripe simulator answered ${response.status} to ${method} ${path}: ${text}`);
    return JSON.parse(text);
  }
  return {
    subscribe: (order) => control("POST", "/checkout", order),
    control: (subscriptionId, action, more) => control("POST", `/subscriptions/${subscriptionId}`, { action, ...more }),
    account: (change) => control("POST", "/account", change),
    advanceClock: (seconds) => control("POST", "/clock", { advanceSeconds: seconds }),
    deliver: (delivery) => control("POST", "/deliver", delivery),
    now: async () => (await control("GET", "/clock")).now,
    beginAt: (now) => control("POST", "/clock", { now }),
    advance: async (advanceSeconds) => (await control("POST", "/clock", { advanceSeconds })).now,
    metering: (change) => control("POST", "/metering", change),
    meterEvents: async () => (await control("GET", "/meter-events")).meterEvents,
    thinEvents: async () => (await control("GET", "/thin-events")).thinEvents,
    fault: (fault) => control("POST", "/faults", fault),
    pendingFaults: async () => (await control("GET", "/faults")).api.length,
    clearFaults: () => control("DELETE", "/faults"),
  };
}
