import { randomText } from "../objects/ids.ts";
import type { StripeEvent, ThinEvent } from "../objects/shapes.ts";
import { type DeliveryRecord, type EventRecord, type Records, type SignatureKind, trimOldest } from "../records.ts";
import { signatureHeader } from "./signature.ts";
import { Timers } from "../../timers.ts";

/** How deliveries can be made to misbehave. */
export const DELIVERY_FAULTS = ["paused", "doubled", "reordered", "dropped"] as const;
export type DeliveryFault = (typeof DELIVERY_FAULTS)[number];

/** How long events are gathered before they go out in reverse. */
const REORDER_WINDOW_MS = 150;
/** A slow receiver delays the next event no longer than this: Stripe promises no order, but does not shuffle either. */
const PATIENCE_MS = 1000;
const KEPT_DELIVERIES = 2000;

export interface CourierOptions {
  records: Records;
  webhookSecret: string;
  webhookUrl: string | null;
  retryDelaysMs: number[];
  timeoutMs: number;
  changed: () => void;
  log: (line: string) => void;
}

/** Delivers events to the webhook in the background, again after a failure, and records every attempt. */
export class Courier {
  readonly faults = new Set<DeliveryFault>();
  #url: string | null;
  #timers = new Timers();
  #posts = new Set<Promise<unknown>>();
  #cut = new AbortController();
  /** Keeps no connection: on a kept one that closes, fetch would deliver again without anyone knowing. */
  #client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  #line: Promise<unknown> = Promise.resolve();
  /** Events with an attempt running or planned; nothing else may start one. */
  #claimed = new Set<string>();
  #gathered: EventRecord[] = [];

  constructor(private readonly options: CourierOptions) {
    this.#url = options.webhookUrl;
  }

  get url(): string | null {
    return this.#url;
  }

  setUrl(url: string): void {
    this.#url = url;
    this.deliverPending();
  }

  setFault(fault: DeliveryFault): void {
    this.faults.add(fault);
  }

  /** Ends all delivery faults and sends what was held back. Dropped events stay dropped. */
  clearFaults(): void {
    this.faults.clear();
    this.deliverPending();
  }

  /** Takes on every event that is due, as after a restart or a pause. */
  deliverPending(): void {
    for (const record of this.options.records.events.values()) {
      if (record.delivery !== "pending" || this.#claimed.has(record.id)) continue;
      if (record.nextAttemptAt === null) this.#dispatch(record);
      else this.#retryIn(Math.max(0, record.nextAttemptAt - Date.now()), record);
    }
  }

  /** Starts the delivery of a new event, in the way the faults in force allow. */
  enqueue(record: EventRecord): void {
    if (this.faults.has("dropped")) {
      record.delivery = "dropped";
      this.options.changed();
      return;
    }
    this.#dispatch(record);
  }

  #dispatch(record: EventRecord): void {
    if (this.#url === null || this.faults.has("paused")) return;
    this.#claimed.add(record.id);
    if (!this.faults.has("reordered")) return this.#lineUp(record);
    this.#gathered.push(record);
    if (this.#gathered.length > 1) return;
    this.#timers.after(REORDER_WINDOW_MS, () => {
      const batch = this.#gathered.reverse();
      this.#gathered = [];
      for (const each of batch) this.#lineUp(each);
    });
  }

  #lineUp(record: EventRecord): void {
    this.#line = this.#line.then(() => {
      const attempt = this.#attempt(record);
      return Promise.race([attempt, this.#timers.sleep(PATIENCE_MS)]);
    });
  }

  async #attempt(record: EventRecord): Promise<void> {
    this.#claimed.delete(record.id);
    // Meanwhile it may have been delivered by hand, or deliveries paused, or everything reset.
    if (record.delivery !== "pending" || this.#url === null || this.faults.has("paused")) return;
    if (!this.options.records.events.has(record.id)) return;
    this.#claimed.add(record.id);
    const copies = this.faults.has("doubled") ? 2 : 1;
    const cut = this.#cut.signal;
    const attempts = await Promise.all(Array.from({ length: copies }, () => this.post(record.event, "valid", false)));
    if (cut.aborted) return;
    this.#claimed.delete(record.id);
    record.attempts += 1;
    record.nextAttemptAt = null;
    if (attempts.some(isDelivered)) record.delivery = "delivered";
    else this.#planRetry(record);
    this.options.changed();
  }

  #planRetry(record: EventRecord): void {
    const delay = this.options.retryDelaysMs[record.attempts - 1];
    if (delay === undefined) {
      record.delivery = "failed";
      return;
    }
    record.nextAttemptAt = Date.now() + delay;
    this.#retryIn(delay, record);
  }

  #retryIn(ms: number, record: EventRecord): void {
    this.#claimed.add(record.id);
    this.#timers.after(ms, () => this.#lineUp(record));
  }

  /**
   * Posts one event once, whatever was delivered before, and records the attempt. A 2xx answer to a valid signature
   * settles a stored event.
   *
   * @param rendered the body to send, where it is not the event as stored.
   */
  async post(
    event: StripeEvent | ThinEvent,
    signature: SignatureKind,
    manual: boolean,
    rendered: unknown = event,
  ): Promise<DeliveryRecord> {
    const posting = this.#post(event, signature, manual, rendered);
    this.#posts.add(posting);
    try {
      return await posting;
    } finally {
      this.#posts.delete(posting);
    }
  }

  async #post(
    event: StripeEvent | ThinEvent,
    signature: SignatureKind,
    manual: boolean,
    rendered: unknown,
  ): Promise<DeliveryRecord> {
    const at = Date.now();
    // Stripe sends indented JSON: whoever verifies re-serialised text instead of the raw body shall notice here.
    const body = JSON.stringify(rendered, null, 2);
    const header = signatureHeader(body, this.options.webhookSecret, signature, Math.floor(at / 1000));
    const answer = await this.#request(body, header);
    const delivery: DeliveryRecord = {
      id: `dlv_${randomText(16)}`,
      eventId: event.id,
      type: event.type,
      at,
      ms: Date.now() - at,
      ...answer,
      signature,
      manual,
    };
    if (!this.#cut.signal.aborted) this.#record(delivery);
    return delivery;
  }

  async #request(body: string, signature: string): Promise<Pick<DeliveryRecord, "status" | "error">> {
    if (this.#url === null) return { status: null, error: "no webhook URL is set" };
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.options.timeoutMs);
    try {
      const request: RequestInit & { client: Deno.HttpClient } = {
        client: this.#client,
        method: "POST",
        headers: {
          "content-type": "application/json; charset=utf-8",
          "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
          "stripe-signature": signature,
        },
        body,
        redirect: "manual",
        signal: AbortSignal.any([limit.signal, this.#cut.signal]),
      };
      const response = await fetch(this.#url, request);
      await response.body?.cancel();
      return { status: response.status, error: null };
    } catch (error) {
      if (limit.signal.aborted) return { status: null, error: `no answer within ${this.options.timeoutMs} ms` };
      return { status: null, error: (error as Error).message };
    } finally {
      clearTimeout(timer);
    }
  }

  #record(delivery: DeliveryRecord): void {
    const { deliveries, events } = this.options.records;
    deliveries.set(delivery.id, delivery);
    trimOldest(deliveries, KEPT_DELIVERIES);
    const stored = events.get(delivery.eventId);
    if (stored && delivery.manual && delivery.signature === "valid" && isDelivered(delivery)) {
      stored.delivery = "delivered";
      stored.nextAttemptAt = null;
    }
    const outcome = delivery.status ?? delivery.error;
    this.options.log(`webhook ${delivery.type} ${delivery.eventId} → ${outcome} (${delivery.ms} ms)`);
    this.options.changed();
  }

  /** Forgets everything planned or running, as on a reset. */
  async abandon(): Promise<void> {
    this.#cut.abort();
    this.#timers.clear();
    await Promise.allSettled([...this.#posts]);
    await this.#line;
    this.#cut = new AbortController();
    this.#line = Promise.resolve();
    this.#claimed.clear();
    this.#gathered = [];
  }

  /** Stops all deliveries; what was due stays pending in the records. */
  async stop(): Promise<void> {
    this.#url = null;
    await this.abandon();
    this.#client.close();
  }
}

/** Whether Stripe would count this attempt as delivered. */
export function isDelivered(delivery: DeliveryRecord): boolean {
  return delivery.status !== null && delivery.status >= 200 && delivery.status < 300;
}
