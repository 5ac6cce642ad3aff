import {
  type DestinationRecord,
  type EventDestination,
  ownDestination,
  wantsThin,
} from "../objects/event-destination.ts";
import type { ThinEvent } from "../objects/shapes.ts";
import type { DeliveryRecord, Records, SignatureKind, ThinEventRecord } from "../records.ts";
import { Timers } from "../../timers.ts";
import { type Courier, isDelivered, REORDER_WINDOW_MS } from "./courier.ts";

/**
 * Faults of thin events: never delivered, delivered twice, in reverse order, after `delayMs`, or not before the faults are
 * cleared.
 */
export const THIN_FAULTS = ["lost", "doubled", "reordered", "late", "paused"] as const;

export interface ThinFault {
  thinEvents: (typeof THIN_FAULTS)[number];
  /** How many events are affected. Absent: all until the faults are cleared. */
  times?: number | undefined;
  /** For `late`, in real milliseconds. */
  delayMs?: number | undefined;
}

export interface ThinCourierOptions {
  records: Records;
  courier: Courier;
  url: string | null;
  secret: string;
  retryDelaysMs: number[];
  mayCall: (url: string) => Promise<boolean>;
  changed: () => void;
}

/**
 * Delivers thin events to the event destinations, each signed with the secret of its destination, at least once and in no
 * order. Faults of all deliveries affect them too.
 */
export class ThinCourier {
  #faults: ThinFault[] = [];
  #url: string | null;
  #timers = new Timers();
  /** The events and destinations with a running or scheduled attempt. */
  #claimed = new Set<string>();
  #reorderBatch: ThinEventRecord[] = [];
  /** Changes when all attempts are canceled, so that a running one ends without a trace. */
  #era = 0;

  constructor(private readonly options: ThinCourierOptions) {
    this.#url = options.url;
  }

  setUrl(url: string): void {
    this.#url = url;
    this.deliverPending();
  }

  get faults(): ThinFault[] {
    return this.#faults.map((fault) => ({ ...fault }));
  }

  setFault(fault: ThinFault): void {
    this.#faults.push({ ...fault });
  }

  clearFaults(): void {
    this.#faults = [];
    this.deliverPending();
  }

  /** The destination of the simulator's own thin webhook URL. Null without a URL. */
  get own(): DestinationRecord | null {
    return this.#url === null ? null : ownDestination(this.#url, this.options.secret);
  }

  /** Starts the delivery of a new event, subject to the active faults. */
  enqueue(record: ThinEventRecord): void {
    if (this.options.courier.faults.has("dropped") || this.#take("lost")) {
      record.delivery = "dropped";
      return;
    }
    const late = this.#take("late");
    if (late) this.#timers.after(late.delayMs ?? 1000, () => this.#dispatch(record));
    else this.#dispatch(record);
  }

  /** Schedules all pending events, for example after a restart or a pause. */
  deliverPending(): void {
    for (const record of this.options.records.thinEvents.values()) {
      if (record.delivery === "pending") this.#dispatch(record);
    }
  }

  #dispatch(record: ThinEventRecord): void {
    if (this.#isPaused()) return;
    if (!this.options.courier.faults.has("reordered") && !this.#take("reordered")) return void this.#send(record);
    this.#reorderBatch.push(record);
    if (this.#reorderBatch.length > 1) return;
    this.#timers.after(REORDER_WINDOW_MS, async () => {
      for (const each of this.#reorderBatch.splice(0).reverse()) await this.#send(each);
    });
  }

  /** Resolves when the first attempt at each destination has ended. */
  async #send(record: ThinEventRecord): Promise<void> {
    const isDoubled = this.options.courier.faults.has("doubled") || this.#take("doubled") !== undefined;
    const own = this.own;
    const all = [...(own ? [own] : []), ...this.options.records.eventDestinations.values()];
    const due = all.filter(({ id, destination }) =>
      isFor(destination, record) && !this.#claimed.has(`${record.id} ${id}`)
    );
    await Promise.all(due.map(({ id }) => {
      this.#claimed.add(`${record.id} ${id}`);
      return this.#attempt(record, id, 0, isDoubled ? 2 : 1);
    }));
  }

  async #attempt(record: ThinEventRecord, destinationId: string, attempt: number, copies: number): Promise<void> {
    const era = this.#era;
    const claim = `${record.id} ${destinationId}`;
    const own = this.own;
    const to = destinationId === own?.id ? own : this.options.records.eventDestinations.get(destinationId);
    // Meanwhile it may have been deleted or disabled, deliveries paused, or the simulator reset.
    const isStale = this.#isPaused() || to === undefined || !isFor(to.destination, record) ||
      !this.options.records.thinEvents.has(record.id);
    if (isStale || !await this.options.mayCall(to.url)) return void this.#claimed.delete(claim);
    const post = () => this.options.courier.postTo(to, record.event, "valid", false);
    const attempts = await Promise.all(Array.from({ length: copies }, post));
    if (era !== this.#era) return;
    record.attempts += 1;
    const retry = this.options.retryDelaysMs[attempt];
    if (attempts.some(isDelivered)) record.delivery = "delivered";
    else if (retry !== undefined) {
      this.#timers.after(retry, () => void this.#attempt(record, destinationId, attempt + 1, copies));
      return;
    } else if (record.delivery === "pending") record.delivery = "failed";
    this.#claimed.delete(claim);
    this.options.changed();
  }

  /**
   * Makes one attempt to deliver an event to the simulator's own thin webhook URL, even if it was delivered before. Returns
   * null without a URL. After a 2xx response with a valid signature, the stored event counts as delivered.
   */
  async post(event: ThinEvent, signature: SignatureKind): Promise<DeliveryRecord | null> {
    const to = this.own;
    if (to === null) return null;
    const delivery = await this.options.courier.postTo(to, event, signature, true);
    const record = this.options.records.thinEvents.get(event.id);
    if (record !== undefined && signature === "valid" && isDelivered(delivery)) record.delivery = "delivered";
    return delivery;
  }

  #isPaused(): boolean {
    return this.options.courier.faults.has("paused") || this.#faults.some(({ thinEvents }) => thinEvents === "paused");
  }

  #take(kind: ThinFault["thinEvents"]): ThinFault | undefined {
    const fault = this.#faults.find(({ thinEvents }) => thinEvents === kind);
    if (fault?.times !== undefined) {
      fault.times -= 1;
      if (fault.times === 0) this.#faults.splice(this.#faults.indexOf(fault), 1);
    }
    return fault;
  }

  /** Cancels all running and scheduled attempts. Undelivered events stay pending in the records. */
  cancelAll(): void {
    this.#era += 1;
    this.#timers.clear();
    this.#claimed.clear();
    this.#reorderBatch = [];
  }

  stop(): void {
    this.#url = null;
    this.cancelAll();
    this.#timers.stop();
  }
}

/** Whether an event goes to a destination. */
function isFor(destination: EventDestination, { event, to }: ThinEventRecord): boolean {
  return to === null ? wantsThin(destination, event.type) : to === destination.id && destination.status === "enabled";
}
