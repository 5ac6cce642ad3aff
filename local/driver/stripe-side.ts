import type { StackState } from "../stack-state.ts";

/** What a customer orders on the checkout page. */
export interface Order {
  /** Whose purchase it is, as on a Payment Link; null where nobody said. */
  clientReferenceId: string | null;
  /** A price's lookup key. */
  plan: string;
  email?: string;
  trial?: boolean | number;
  payment?: "now" | "fails_later" | "pending";
  paymentStatus?: "paid" | "unpaid" | "no_payment_required";
  subscriptionMetadata?: Record<string, string>;
}

export interface Purchase {
  customerId: string;
  subscriptionId: string;
  sessionId: string;
  eventIds: string[];
}

/** How to deliver events by hand; see the simulator's `deliver.ts`. */
export interface Delivery {
  eventId?: string;
  eventIds?: string[];
  event?: Record<string, unknown>;
  times?: number;
  signature?: "valid" | "bad" | "old" | "future";
  order?: "sequence" | "reversed" | "together";
  shape?: "current" | "old";
}

/** The Stripe simulator's controls. */
export interface StripeSide {
  /** What a customer does on the checkout page. */
  subscribe(order: Order): Promise<Purchase>;
  /** What happens to a subscription later: `payment_fails`, `pays`, `pause`, `resume`, `cancel`, `unpaid` … */
  control(
    subscriptionId: string,
    action: string,
  ): Promise<{ eventIds: string[]; subscription: { status: string; ended_at: number | null } }>;
  deliver(delivery: Delivery): Promise<{ eventIds: string[]; statuses: (number | null)[] }>;
  /** Disturbs the API (`match`, `kind`, …) or all deliveries (`deliveries: "paused"` …). */
  fault(fault: Record<string, unknown>): Promise<void>;
  /** How many faults of the API still wait for a call to meet. */
  pendingFaults(): Promise<number>;
  /** Ends all faults; deliveries that were held back go out. */
  clearFaults(): Promise<void>;
}

/** The Stripe simulator of a running stack; `fetch` may be that of a simulator in this process. */
export function stripeSide({ stripe }: Pick<StackState, "stripe">, fetch = globalThis.fetch): StripeSide {
  async function control(method: string, path: string, body?: unknown) {
    const response = await fetch(`${stripe.url}/_sim${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The Stripe simulator answered ${response.status} to ${path}: ${text}`);
    return JSON.parse(text);
  }
  return {
    subscribe: (order) => control("POST", "/checkout", order),
    control: (subscriptionId, action) => control("POST", `/subscriptions/${subscriptionId}`, { action }),
    deliver: (delivery) => control("POST", "/deliver", delivery),
    fault: (fault) => control("POST", "/faults", fault),
    pendingFaults: async () => (await control("GET", "/faults")).api.length,
    clearFaults: () => control("DELETE", "/faults"),
  };
}
