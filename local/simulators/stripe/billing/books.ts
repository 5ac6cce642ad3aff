import type { Clock } from "../clock.ts";
import type { Courier } from "../deliveries/courier.ts";
import type { ThinCourier } from "../deliveries/thin-courier.ts";
import { invalidRequest, noSuch } from "../errors.ts";
import { buildEvent, type EventOrigin, previousAttributes } from "../objects/event.ts";
import type { CheckoutSession, Customer, Invoice, Price, Subscription, ThinEvent } from "../objects/shapes.ts";
import { type Records, trimOldest } from "../records.ts";
import type { Simulator } from "../simulator.ts";

/** Far more events than a local stack creates in the 30 days that Stripe keeps them. */
const MAX_EVENTS = 5000;

/** Access to the records during one request or action. Changes through it emit events. */
export class Books {
  /** The events emitted so far. */
  readonly eventIds: string[] = [];
  readonly records: Records;
  readonly #courier: Courier;
  readonly #thinCourier: ThinCourier;
  readonly #clock: Clock;

  constructor(
    simulator: Pick<Simulator, "records" | "courier" | "thinCourier" | "clock">,
    private readonly origin: EventOrigin,
  ) {
    this.records = simulator.records;
    this.#courier = simulator.courier;
    this.#thinCourier = simulator.thinCourier;
    this.#clock = simulator.clock;
  }

  /** Returns Stripe's time in Unix seconds. */
  now(): number {
    return this.#clock.seconds();
  }

  /** Records an event with the current state of `object` and starts its delivery. */
  emit(type: string, object: object, previous?: Record<string, unknown>): void {
    const event = buildEvent({ type, object, previous, origin: this.origin, created: this.now() });
    const record = { id: event.id, event, delivery: "pending" as const, attempts: 0, nextAttemptAt: null };
    this.records.events.set(event.id, record);
    trimOldest(this.records.events, MAX_EVENTS);
    this.eventIds.push(event.id);
    this.#courier.enqueue(record);
  }

  /** Records a thin event and starts its delivery. Only the API returns its `data`. A ping goes `to` one destination. */
  emitThin(event: ThinEvent, data: unknown, to: string | null = null): void {
    const record = { id: event.id, event, data, to, delivery: "pending" as const, attempts: 0 };
    this.records.thinEvents.set(event.id, record);
    trimOldest(this.records.thinEvents, MAX_EVENTS);
    this.eventIds.push(event.id);
    this.#thinCourier.enqueue(record);
  }

  /** Runs `mutate` on `object`. If it changed anything, emits `type` with the previous attributes. */
  change<T extends object>(type: string, object: T, mutate: (object: T) => void): void {
    const before = structuredClone(object);
    mutate(object);
    const previous = previousAttributes(before, object);
    if (previous) this.emit(type, object, previous);
  }

  /** @throws StripeApiError if the customer does not exist or was deleted */
  customer(id: string, param?: string): Customer {
    const customer = this.records.customers.get(id);
    if (!customer || "deleted" in customer) throw noSuch("customer", id, param);
    return customer;
  }

  /** @throws StripeApiError if the subscription does not exist */
  subscription(id: string, param?: string): Subscription {
    return found(this.records.subscriptions.get(id), "subscription", id, param);
  }

  /** @throws StripeApiError if the invoice does not exist */
  invoice(id: string, param?: string): Invoice {
    return found(this.records.invoices.get(id), "invoice", id, param);
  }

  /** @throws StripeApiError if the session does not exist */
  session(id: string, param?: string): CheckoutSession {
    return found(this.records.sessions.get(id), "checkout.session", id, param);
  }

  /** @throws StripeApiError if the price does not exist or is archived */
  price(id: string, param?: string): Price {
    const price = found(this.records.prices.get(id), "price", id, param);
    if (!price.active) {
      throw invalidRequest(`The price specified is inactive. This field only accepts active prices.`, param);
    }
    return price;
  }

  /** Returns the active price with this lookup key, such as `team`. */
  priceOfPlan(lookupKey: string): Price | undefined {
    return [...this.records.prices.values()].find((price) => price.active && price.lookup_key === lookupKey);
  }
}

function found<T>(value: T | undefined, kind: string, id: string, param?: string): T {
  if (value === undefined) throw noSuch(kind, id, param);
  return value;
}
