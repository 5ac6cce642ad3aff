import { hasOldShape } from "../objects/versions.ts";
import { randomText } from "../objects/ids.ts";
import { inOldShape } from "../objects/old-shape.ts";
import type { StripeEvent, ThinEvent } from "../objects/shapes.ts";
import { type DeliveryRecord, type EventRecord, type Records, type SignatureKind, trimOldest } from "../records.ts";
import { wants } from "../objects/webhook-endpoint.ts";
import { signatureHeader } from "./signature.ts";
import { Timers } from "../../timers.ts";

/** Faults that affect all deliveries. */
export const DELIVERY_FAULTS = ["paused", "doubled", "reordered", "dropped"] as const;
export type DeliveryFault = (typeof DELIVERY_FAULTS)[number];

/** How long events are collected before they are sent in reverse order. */
export const REORDER_WINDOW_MS = 150;
/**
 * How long a delivery waits for the previous one. Stripe does not guarantee an order, but does not shuffle events
 * either.
 */
const QUEUE_WAIT_MS = 1000;
const MAX_DELIVERIES = 2000;

export interface CourierOptions {
  records: Records;
  webhookSecret: string;
  webhookUrl: string | null;
  retryDelaysMs: number[];
  timeoutMs: number;
  mayCall: (url: string) => Promise<boolean>;
  changed: () => void;
  log: (line: string) => void;
}

/** Delivers events to the webhook in the background, retries failed deliveries, and records every attempt. */
export class Courier {
  readonly faults = new Set<DeliveryFault>();
  #url: string | null;
  #timers = new Timers();
  #posts = new Set<Promise<unknown>>();
  #canceling = new AbortController();
  /** Reuses no connections: if a reused connection closes, fetch silently repeats the request. */
  #client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  #queue: Promise<unknown> = Promise.resolve();
  /** Events with a running or scheduled attempt. No second attempt may start for them. */
  #claimed = new Set<string>();
  #reorderBatch: EventRecord[] = [];
  /** The deliveries to created endpoints that wait for the end of a pause. */
  #paused: (() => void)[] = [];

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

  /** Removes all delivery faults and sends paused events. Dropped events stay dropped. */
  clearFaults(): void {
    this.faults.clear();
    this.deliverPending();
  }

  /** Schedules all pending events, for example after a restart or a pause. */
  deliverPending(): void {
    for (const send of this.#paused.splice(0)) send();
    for (const record of this.options.records.events.values()) {
      if (record.delivery !== "pending" || this.#claimed.has(record.id)) continue;
      if (record.nextAttemptAt === null) this.#dispatch(record);
      else this.#retryIn(Math.max(0, record.nextAttemptAt - Date.now()), record);
    }
  }

  /** Starts the delivery of a new event, subject to the active faults. */
  enqueue(record: EventRecord): void {
    if (this.faults.has("dropped")) {
      record.delivery = "dropped";
      this.options.changed();
      return;
    }
    this.#dispatch(record);
    for (const { id, endpoint } of this.options.records.webhookEndpoints.values()) {
      if (wants(endpoint, record.event.type)) this.#deliverTo(id, record.event, 0);
    }
  }

  /**
   * Delivers an event to an endpoint that was created through the API, with the same retries. A restart forgets these
   * deliveries, and the state of an event is that of the simulator's own endpoint.
   */
  #deliverTo(id: string, event: StripeEvent, attempt: number): void {
    if (this.faults.has("paused")) return void this.#paused.push(() => this.#deliverTo(id, event, attempt));
    this.#queue = this.#queue.then(async () => {
      const record = this.options.records.webhookEndpoints.get(id);
      // Meanwhile it may have been deleted or disabled, or the simulator reset.
      if (record === undefined || !wants(record.endpoint, event.type)) return;
      const { endpoint: { url, api_version }, secret } = record;
      if (!await this.options.mayCall(url)) return;
      const isOld = api_version !== null && hasOldShape(api_version);
      const rendered = isOld
        ? inOldShape(event, api_version)
        : { ...event, api_version: api_version ?? event.api_version };
      const posting = this.#track(this.#post(event, "valid", false, rendered, { id, url, secret }));
      const retry = this.options.retryDelaysMs[attempt];
      const settled = posting.then((delivery) => {
        if (isDelivered(delivery) || retry === undefined || this.#canceling.signal.aborted) return;
        this.#timers.after(retry, () => this.#deliverTo(id, event, attempt + 1));
      });
      await Promise.race([settled, this.#timers.sleep(QUEUE_WAIT_MS)]);
    });
  }

  #dispatch(record: EventRecord): void {
    if (this.#url === null || this.faults.has("paused")) return;
    this.#claimed.add(record.id);
    if (!this.faults.has("reordered")) return this.#enqueueAttempt(record);
    this.#reorderBatch.push(record);
    if (this.#reorderBatch.length > 1) return;
    this.#timers.after(REORDER_WINDOW_MS, () => {
      const batch = this.#reorderBatch.reverse();
      this.#reorderBatch = [];
      for (const each of batch) this.#enqueueAttempt(each);
    });
  }

  #enqueueAttempt(record: EventRecord): void {
    this.#queue = this.#queue.then(() => {
      const attempt = this.#attempt(record);
      return Promise.race([attempt, this.#timers.sleep(QUEUE_WAIT_MS)]);
    });
  }

  async #attempt(record: EventRecord): Promise<void> {
    this.#claimed.delete(record.id);
    // While the event was queued, it may have been delivered manually, deliveries paused, or the simulator reset.
    if (record.delivery !== "pending" || this.#url === null || this.faults.has("paused")) return;
    if (!this.options.records.events.has(record.id)) return;
    this.#claimed.add(record.id);
    if (!await this.options.mayCall(this.#url)) return void this.#claimed.delete(record.id);
    const copies = this.faults.has("doubled") ? 2 : 1;
    const canceled = this.#canceling.signal;
    const attempts = await Promise.all(Array.from({ length: copies }, () => this.post(record.event, "valid", false)));
    if (canceled.aborted) return;
    this.#claimed.delete(record.id);
    record.attempts += 1;
    record.nextAttemptAt = null;
    if (attempts.some(isDelivered)) record.delivery = "delivered";
    else this.#scheduleRetry(record);
    this.options.changed();
  }

  #scheduleRetry(record: EventRecord): void {
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
    this.#timers.after(ms, () => this.#enqueueAttempt(record));
  }

  /**
   * Makes one attempt to deliver an event, even if it was delivered before, and records the attempt. After a 2xx
   * response to a manual delivery with a valid signature, the stored event counts as delivered.
   *
   * @param rendered the body to send; by default the stored event
   */
  async post(
    event: StripeEvent | ThinEvent,
    signature: SignatureKind,
    manual: boolean,
    rendered: unknown = event,
  ): Promise<DeliveryRecord> {
    return await this.#track(this.#post(event, signature, manual, rendered));
  }

  /** Makes one attempt to deliver a thin event to an event destination, and records the attempt. */
  async postTo(
    to: { id: string; url: string; secret: string },
    event: ThinEvent,
    signature: SignatureKind,
    manual: boolean,
  ): Promise<DeliveryRecord> {
    return await this.#track(this.#post(event, signature, manual, event, to));
  }

  async #track<Result>(posting: Promise<Result>): Promise<Result> {
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
    to: { id?: string; url: string | null; secret: string } = { url: this.#url, secret: this.options.webhookSecret },
  ): Promise<DeliveryRecord> {
    const at = Date.now();
    // Stripe sends indented JSON. A receiver that verifies re-serialised JSON instead of the raw body fails, as on
    // Stripe.
    const body = JSON.stringify(rendered, null, 2);
    const header = signatureHeader(body, to.secret, signature, Math.floor(at / 1000));
    const response = await this.#request(to.url, body, header);
    const delivery: DeliveryRecord = {
      id: `dlv_${randomText(16)}`,
      eventId: event.id,
      type: event.type,
      at,
      ms: Date.now() - at,
      ...response,
      signature,
      manual,
      ...(to.id !== undefined && { endpoint: to.id }),
    };
    if (!this.#canceling.signal.aborted) this.#record(delivery);
    return delivery;
  }

  async #request(
    url: string | null,
    body: string,
    signature: string,
  ): Promise<Pick<DeliveryRecord, "status" | "error">> {
    if (url === null) return { status: null, error: "no webhook URL is set" };
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
        signal: AbortSignal.any([limit.signal, this.#canceling.signal]),
      };
      const response = await fetch(url, request);
      await response.body?.cancel();
      return { status: response.status, error: null };
    } catch (error) {
      if (limit.signal.aborted) return { status: null, error: `no response within ${this.options.timeoutMs} ms` };
      return { status: null, error: (error as Error).message };
    } finally {
      clearTimeout(timer);
    }
  }

  #record(delivery: DeliveryRecord): void {
    const { deliveries, events } = this.options.records;
    deliveries.set(delivery.id, delivery);
    trimOldest(deliveries, MAX_DELIVERIES);
    const stored = events.get(delivery.eventId);
    if (stored && delivery.manual && delivery.signature === "valid" && isDelivered(delivery)) {
      stored.delivery = "delivered";
      stored.nextAttemptAt = null;
    }
    const outcome = delivery.status ?? delivery.error;
    this.options.log(`webhook ${delivery.type} ${delivery.eventId} → ${outcome} (${delivery.ms} ms)`);
    this.options.changed();
  }

  /** Cancels all running and scheduled attempts. */
  async cancelAll(): Promise<void> {
    this.#canceling.abort();
    this.#timers.clear();
    await Promise.allSettled([...this.#posts]);
    await this.#queue;
    this.#canceling = new AbortController();
    this.#queue = Promise.resolve();
    this.#claimed.clear();
    this.#reorderBatch = [];
    this.#paused = [];
  }

  /** Stops all deliveries. Undelivered events stay pending in the records. */
  async stop(): Promise<void> {
    this.#url = null;
    await this.cancelAll();
    this.#client.close();
  }
}

/** Returns whether Stripe counts this attempt as delivered. */
export function isDelivered(delivery: DeliveryRecord): boolean {
  return delivery.status !== null && delivery.status >= 200 && delivery.status < 300;
}
