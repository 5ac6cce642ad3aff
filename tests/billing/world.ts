import type postgres from "postgres";
import type Stripe from "stripe";
import { setImmediate } from "node:timers/promises";
import { type Catalogue, sellPlans, stock } from "./catalogue.ts";
import type { Kind } from "./reference.ts";
import { CleanUps } from "../../local/clean-ups.ts";
import { startStripeSimulator, type StripeSimulator } from "../../local/simulators/stripe/mod.ts";
import type { Log } from "../../supabase/functions/_shared/platform/log.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { type WorkDependencies, workOf } from "../../supabase/functions/run-jobs/work.ts";
import { connect, databaseOf, readSignatures, type Signatures } from "../faults/harness/database.ts";
import { httpCall } from "../faults/harness/http.ts";
import { FunctionsProcess, ProcessEnded } from "../faults/harness/process.ts";
import { Trap } from "../faults/harness/traps.ts";
import { Underway } from "../faults/harness/underway.ts";

const SILENT: Log = { info() {}, warn() {}, error() {} };

/** The jobs that billing consists of. All others need Twilio, and are dropped. */
export const OURS = [
  ...["stripe-event", "cancel-subscription", "rate-due-usage", "rate-usage", "meter-due-customers", "meter-usage"],
  ...["close-periods", "compare-meters", "apply-thin-event", "read-invoice", "keep-metered-items"],
  ...["settle-final-bill"],
];
/** Names of schedules' jobs that the parts of billing may add. */
const isOurs = (kind: string) =>
  OURS.includes(kind) || /^(meter|rate|bill|close|compare|read-invoice|settle-final|keep-metered)/.test(kind);

const AT_ONCE = 4;
/** A job whose process died is visible again after this time. */
const LOST_SECONDS = 180;

type Job = Record<string, unknown> & { kind: string };

interface Queued {
  queue: string;
  id: number;
  job: Job;
  dueAt: number;
  failures: number;
}

/** Whose faults strike at a job, and whether it may run now. */
export interface Owner {
  trapsIn(job: string): readonly Trap[];
  isDown(now: number): boolean;
}

interface MeterEvent {
  status: string;
  customer: string | null;
  value: string | null;
  event: { event_name: string; timestamp: number };
}

export interface CountedEvent {
  kind: Kind;
  timestamp: number;
  value: bigint;
}

/** One Postgres database, one Stripe, and one clock for both. */
export class BillingWorld implements AsyncDisposable {
  /** Seconds since 1970. */
  now = 0;
  /** Jobs that failed without a fault. */
  readonly failures: string[] = [];
  /** How often each job ran, and each fate of usage was judged. */
  readonly seen = new Map<string, number>();
  /** How many histories were judged. */
  judged = 0;
  readonly spent = new Map<string, number>();
  catalogue: Catalogue = { flat: new Map(), metered: new Map(), meters: new Map() };
  #queue = new Map<string, Queued>();
  #scheduleDue = new Map<string, number>();
  #underway = new Underway();
  #schedules: { name: string; job: Job; seconds: number }[] = [];

  private constructor(
    readonly sql: postgres.Sql,
    private readonly service: postgres.Sql,
    private readonly signatures: Signatures,
    private readonly cleanUps: CleanUps,
    private simulator: StripeSimulator,
    /** Returns the next random number from 0 to 1. */
    public random: () => number,
    public ownerOf: (job: Job) => Owner | undefined,
  ) {}

  static async open(url: string): Promise<BillingWorld> {
    const cleanUps = new CleanUps();
    const sql = connect(url, "postgres", 2);
    cleanUps.add(() => sql.end());
    const service = connect(url, "service_role", AT_ONCE + 1);
    cleanUps.add(() => service.end());
    await sql.unsafe(await Deno.readTextFile(new URL("./clock.sql", import.meta.url)));
    await sellPlans(sql);
    const signatures = await readSignatures(sql);
    const simulator = await startStripeSimulator(); // replaced before the first history
    const world = new BillingWorld(sql, service, signatures, cleanUps, simulator, Math.random, () => undefined);
    cleanUps.add(() => world.simulator.stop());
    const rows = await sql<{ name: string; job: Job; seconds: number }[]>`
      select name, job, extract(epoch from every)::int as seconds from private.schedules order by name`;
    world.#schedules = rows.filter(({ job }) => isOurs(job.kind));
    return world;
  }

  /** Begins anew at a moment, with an empty database and an empty Stripe. */
  async begin(now: number): Promise<void> {
    this.#queue.clear();
    this.#scheduleDue.clear();
    this.failures.length = 0;
    this.refusals.length = 0;
    await this.sql`select proof.reset()`;
    await this.simulator.stop();
    // Its clock stands still between two steps, however long they take.
    this.simulator = await startStripeSimulator({ now: () => now * 1000 });
    this.#owner = undefined;
    this.now = now;
    await this.#tellTime();
    this.catalogue = await stock(this.stripe);
  }

  priceOf(plan: string): string {
    return this.catalogue.flat.get(plan)!;
  }

  meteredPrices(currency: string): string[] {
    return [...this.catalogue.metered.get(currency)!.values()];
  }

  /** By the id of the price. */
  kindsOfPrices(): Map<string, Kind> {
    const all = [...this.catalogue.metered.values()].flatMap((prices) => [...prices]);
    return new Map(all.map(([kind, price]) => [price, kind]));
  }

  /** All invoices of a customer, with all of their lines. */
  async invoicesOf(customer: string): Promise<Stripe.Invoice[]> {
    const { stripe } = this;
    const invoices = await stripe.invoices.list({ customer, limit: 100 }).autoPagingToArray({ limit: 1000 });
    for (const { id, lines } of invoices) {
      if (!lines.has_more) continue;
      lines.data = await stripe.invoices.listLineItems(id!, { limit: 100 }).autoPagingToArray({ limit: 1000 });
    }
    return invoices;
  }

  /** The meter events of a customer that Stripe counts. */
  async meterEventsOf(customer: string): Promise<CountedEvent[]> {
    if (this.#counted?.at !== this.now) {
      const { meterEvents } = await this.control("GET", "/meter-events") as { meterEvents: MeterEvent[] };
      const counted = meterEvents.filter(({ status }) => status === "counted");
      this.#counted = { at: this.now, events: Map.groupBy(counted, (event) => event.customer ?? "") };
    }
    return (this.#counted.events.get(customer) ?? []).map(({ event, value }) => ({
      kind: event.event_name.replace("switchboard_", "") as Kind,
      ...{ timestamp: event.timestamp, value: BigInt(value ?? 0) },
    }));
  }
  #counted: { at: number; events: Map<string, MeterEvent[]> } | null = null;

  saw(name: string): void {
    this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
  }

  async advance(seconds: number): Promise<void> {
    this.now += seconds;
    await this.#tellTime();
  }

  async #tellTime(): Promise<void> {
    await this.sql`update proof.clock set at = to_timestamp(${this.now})`;
    await this.control("POST", "/clock", { now: this.now });
  }

  /** Stripe as its owner sees it: without faults. */
  get stripe(): Stripe {
    return this.#owner ??= this.#stripeFor(new FunctionsProcess([], this.#underway));
  }
  #owner: Stripe | undefined;

  async control(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await this.simulator.fetch(`${this.simulator.url}/_sim${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The Stripe simulator answered ${response.status} to ${method} ${path}: ${text}`);
    return JSON.parse(text);
  }

  /** Runs what is due until nothing is, or for `passes` rounds. Minutes pass between them. */
  async work(passes: number): Promise<void> {
    for (const schedule of this.#shuffled(this.#schedules)) {
      if ((this.#scheduleDue.get(schedule.name) ?? 0) > this.now) continue;
      this.#scheduleDue.set(schedule.name, this.now + schedule.seconds);
      this.#add({ queue: "", id: this.#nextLocal--, job: schedule.job, dueAt: this.now, failures: 0 });
    }
    for (let pass = 0; pass < passes; pass++) {
      await this.#fetchQueues();
      const due = this.#shuffled(
        [...this.#queue.values()].filter((queued) =>
          queued.dueAt <= this.now && !this.ownerOf(queued.job)?.isDown(this.now)
        ),
      );
      if (due.length === 0) return;
      await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        for (let next = due.shift(); next !== undefined; next = due.shift()) await this.#run(next);
      }));
      await this.advance(1 + Math.floor(this.random() * 200));
    }
  }

  #chance(): Trap[] {
    if (this.random() >= 0.05) return [];
    const fault = this.random() < 0.5 ? "dies before" : "dies after commit";
    return [new Trap(null, fault, 1 + Math.floor(this.random() * 4))];
  }

  #nextLocal = -1;
  #add(queued: Queued): void {
    this.#queue.set(`${queued.queue} ${queued.id}`, queued);
  }

  async #fetchQueues(): Promise<void> {
    const rows = await this.sql<{ queue: string; id: number; delay: number; job: Job }[]>`
      select * from proof.take_jobs()`;
    for (const { queue, id, delay, job } of rows) {
      if (isOurs(job.kind)) this.#add({ queue, id, job, dueAt: this.now + delay, failures: 0 });
    }
  }

  async #run(queued: Queued): Promise<void> {
    const { job } = queued;
    // Jobs that concern several tenants die at random.
    const traps = this.ownerOf(job)?.trapsIn(job.kind) ?? this.#chance();
    const struck = () => traps.reduce((sum, trap) => sum + trap.struck, 0);
    const before = struck();
    const process = new FunctionsProcess(traps, this.#underway);
    this.saw(job.kind);
    const key = `${queued.queue} ${queued.id}`;
    const began = performance.now();
    try {
      const result = await workOf(this.#dependencies(process))(job, { retryInSeconds: 60 } as never);
      await process.idle();
      if (result === "done") {
        this.#queue.delete(key);
        // Jobs are delivered at least once.
        if (this.random() < 0.05) this.#add({ ...queued, queue: "", id: this.#nextLocal--, dueAt: this.now });
      } else queued.dueAt = this.now + result.againInSeconds;
    } catch (error) {
      await process.idle();
      queued.dueAt = this.now + LOST_SECONDS;
      if (error instanceof ProcessEnded || struck() > before) return;
      queued.failures++;
      const text = `${job.kind}: ${error instanceof Error ? `${error.name}: ${error.message.slice(0, 300)}` : error}`;
      if (queued.failures === 4) this.failures.push(`${JSON.stringify(job)} failed four times: ${text}`);
      if (queued.failures > 10) this.#queue.delete(key);
    } finally {
      this.spent.set(job.kind, Math.round((this.spent.get(job.kind) ?? 0) + performance.now() - began));
    }
  }

  /** The errors of the database without a fault, which the functions do not show. */
  readonly refusals: string[] = [];

  /** As databaseOf, and notes each error of a SQL function. */
  #databaseFor(process: FunctionsProcess): WorkDependencies["db"] {
    const db = databaseOf(this.service, this.signatures, process);
    const rpc = (name: string, args: Record<string, unknown>) => ({
      abortSignal: async (signal: AbortSignal) => {
        const answer = await db.rpc(name as never, args as never).abortSignal(signal);
        if (answer.error?.code) {
          this.refusals.push(`${name}: ${answer.error.code} ${answer.error.message} ${answer.error.details ?? ""}`);
        }
        return answer;
      },
    });
    return { rpc } as unknown as WorkDependencies["db"];
  }

  #dependencies(process: FunctionsProcess): WorkDependencies {
    let stripe: Stripe | undefined;
    const dependencies: Partial<WorkDependencies> = {
      db: this.#databaseFor(process),
      stripe: () => Promise.resolve(stripe ??= this.#stripeFor(process)),
      alertTarget: null,
      now: () => new Date(this.now * 1000),
      log: SILENT,
      requestId: "billing",
      publicBaseUrl: "https://switchboard.test",
    };
    // The dependencies left out belong to jobs that need Twilio.
    return { ...dependencies, pause: async () => await setImmediate() } as unknown as WorkDependencies;
  }

  #stripeFor(process: FunctionsProcess): Stripe {
    return createStripe({
      secretKey: this.simulator.secretKey,
      apiBaseUrl: this.simulator.url,
      fetch: (input, init) =>
        process.call(httpCall(this.simulator.fetch, input, init, (method, { pathname }) => `${method} ${pathname}`)),
      retries: 0,
    });
  }

  #shuffled<Value>(values: readonly Value[]): Value[] {
    const shuffled = [...values];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = Math.floor(this.random() * (last + 1));
      [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
    }
    return shuffled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cleanUps.run();
  }
}
