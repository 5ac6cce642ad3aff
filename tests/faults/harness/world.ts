import { setImmediate } from "node:timers/promises";
import type postgres from "postgres";
import type Stripe from "stripe";
import type { Env } from "../../../supabase/functions/_shared/platform/env.ts";
import type { Log } from "../../../supabase/functions/_shared/platform/log.ts";
import { type KeyRing, parseKeyRing } from "../../../supabase/functions/_shared/sealing/key-ring.ts";
import { createStripe } from "../../../supabase/functions/_shared/stripe/client.ts";
import { createTokenAccount } from "../../../supabase/functions/_shared/accounts/token-account.ts";
import { createTwilio } from "../../../supabase/functions/_shared/twilio/client.ts";
import type { WorkDependencies } from "../../../supabase/functions/run-jobs/work.ts";
import { handle as receiveFromStripe } from "../../../supabase/functions/stripe-webhook/handler.ts";
import { CleanUps } from "../../../local/clean-ups.ts";
import { startStripeSimulator, type StripeSimulator } from "../../../local/simulators/stripe/mod.ts";
import { startTwilioSimulator, type TwilioSimulator } from "../../../local/simulators/twilio/mod.ts";
import { type StripeSide, stripeSide } from "../../../local/driver/stripe-side.ts";
import { copyDatabase } from "../../support/test-database.ts";
import { type TwilioSide, twilioSide } from "../../../local/driver/twilio-side.ts";
import { connect, databaseOf, readSignatures, type Signatures } from "./database.ts";
import { httpCall } from "./http.ts";
import { stripePoint, twilioPoint } from "./points.ts";
import { FunctionsProcess, ProcessEnded } from "./process.ts";
import { StripeClock } from "./stripe-clock.ts";
import type { Trap } from "./traps.ts";
import { Underway } from "./underway.ts";

const SILENT: Log = { info() {}, warn() {}, error() {} };
const SEALING_KEYS = { k1: btoa("x".repeat(32)) };

/** The settings of a world's processes that tests change. */
export interface Settings {
  maxSubaccounts: number;
  createSettleSeconds: number;
  leaseSeconds: number;
  /** Accounts per page of a sweep. */
  pageSize: number;
}

const USUAL: Settings = { maxSubaccounts: 1000, createSettleSeconds: 60, leaseSeconds: 90, pageSize: 1000 };

/** One Postgres database, one Twilio and one Stripe, with any number of processes of the functions. */
export class World implements AsyncDisposable {
  readonly underway = new Underway();
  readonly sealing: KeyRing = parseKeyRing(JSON.stringify(SEALING_KEYS));
  readonly stripeClock = new StripeClock();
  /** The ids of the events that were acknowledged with 200. */
  readonly acknowledged = new Set<string>();
  /** How many accounts the processes have created, and how many of them while another one was open. */
  created = 0;
  doubled = 0;
  settings: Settings = { ...USUAL };
  /** The traps for the processes that receive webhooks. */
  webhookTraps: readonly Trap[] = [];
  #running = new Set<Promise<void>>();
  #processes = new Set<FunctionsProcess>();

  private constructor(
    readonly sql: postgres.Sql,
    private readonly service: postgres.Sql,
    private readonly signatures: Signatures,
    private readonly twilioServer: TwilioSimulator,
    private readonly stripeServer: StripeSimulator,
    private readonly cleanUps: CleanUps,
  ) {}

  /** Opens a world on a copy of the database at `url`. */
  static async open(url: string, name: string): Promise<World> {
    const cleanUps = new CleanUps();
    const copy = await copyDatabase(url, name);
    const sql = connect(copy, "postgres", 1);
    cleanUps.add(() => sql.end());
    await sql.unsafe(await Deno.readTextFile(new URL("./clock.sql", import.meta.url)));
    const service = connect(copy, "service_role", 12);
    cleanUps.add(() => service.end());
    const twilio = await startTwilioSimulator({ maxSubaccounts: 1000, seedMasterNumbers: false });
    cleanUps.add(() => twilio.stop());
    const stripe = await startStripeSimulator();
    cleanUps.add(() => stripe.stop());
    const signatures = await readSignatures(sql);
    const world = new World(sql, service, signatures, twilio, stripe, cleanUps);
    await world.reset();
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => world.#receive(request),
    );
    cleanUps.add(() => server.shutdown());
    stripe.setWebhookUrl(`http://127.0.0.1:${server.addr.port}/stripe-webhook`);
    return world;
  }

  get twilio(): TwilioSide & { accountSid: string } {
    const { url, accountSid, authToken } = this.twilioServer;
    return { ...twilioSide({ twilio: { url, accountSid, authToken } as never }, this.twilioServer.fetch), accountSid };
  }

  /** Stripe's API, read without faults. */
  get stripeApi(): Stripe {
    return this.#stripeFor(this.start().process);
  }

  get stripe(): StripeSide {
    return stripeSide({ stripe: { url: this.stripeServer.url } as never }, this.stripeServer.fetch);
  }

  /** Deletes all users, accounts, events and settings of the world. */
  async reset(): Promise<void> {
    await this.settled();
    this.underway.clear();
    this.stripeClock.clear();
    this.acknowledged.clear();
    this.created = this.doubled = 0;
    this.webhookTraps = [];
    this.settings = { ...USUAL };
    await this.sql`select faults.reset()`;
    await reset(this.twilioServer);
    await reset(this.stripeServer);
    // Events are delivered when a story delivers them.
    await this.stripe.fault({ deliveries: "paused" });
  }

  /** Lets time pass, for everything except the machine's own clock. */
  async advance(seconds: number): Promise<void> {
    await this.underway.age(seconds);
    await this.sql`select faults.advance(${seconds})`;
    this.stripeClock.advance(seconds);
  }

  /** Starts a process with `traps`. Returns it with the dependencies of the functions in it. */
  start(traps: readonly Trap[] = []): { process: FunctionsProcess; dependencies: WorkDependencies } {
    const process = new FunctionsProcess(traps, this.underway);
    this.#processes.add(process);
    const { url, accountSid, authToken } = this.twilioServer;
    const twilio = createTwilio({
      accountSid,
      authToken,
      apiBaseUrl: url,
      fetch: (input, init) => {
        const call = httpCall(this.twilioServer.fetch, input, init, twilioPoint);
        return process.call({ ...call, send: async () => await this.#watched(call.point, await call.send()) });
      },
      pause: () => Promise.resolve(),
    });
    const dependencies: Partial<WorkDependencies> = {
      db: databaseOf(this.service, this.signatures, process),
      accounts: {
        master: () => Promise.resolve(twilio),
        active: () => Promise.resolve({ status: "none" }),
        from: () => Promise.reject(new Error("No story acts as a tenant")),
        withToken: (accountSid, authToken) =>
          Promise.resolve(createTokenAccount({ accountSid, authToken, apiBaseUrl: url })),
      },
      stripe: () => Promise.resolve(this.#stripeFor(process)),
      sealing: this.sealing,
      alertTarget: null,
      tokenMaxAgeDays: 90,
      numberSyncsPerMinute: 100,
      campaignRecipientsKeptDays: 90,
      ...this.settings,
      masterAccountSid: accountSid,
      publicBaseUrl: "https://switchboard.test",
      now: () => new Date(),
      log: SILENT,
      requestId: "faults",
    };
    // The dependencies left out belong to jobs that no story here starts.
    return { process, dependencies: dependencies as WorkDependencies };
  }

  /** Stripe's API as a process calls it. */
  #stripeFor(process: FunctionsProcess): Stripe {
    return createStripe({
      secretKey: this.stripeServer.secretKey,
      apiBaseUrl: this.stripeServer.url,
      fetch: (input, init) => {
        const call = httpCall(this.stripeServer.fetch, input, init, stripePoint);
        return process.call({ ...call, send: async () => await this.stripeClock.dated(await call.send()) });
      },
      retries: 0,
    });
  }

  /**
   * Lets a process do something. Resolves when the work is done, has failed, has ended or stalls. Work that stalls resumes
   * later.
   */
  async run(process: FunctionsProcess, work: () => Promise<unknown>): Promise<void> {
    // A process that ends in the middle may still have other calls running. It has ended only when those have.
    const running = work().then(() => {}, tolerate).finally(async () => {
      await process.idle();
      this.#running.delete(running);
    });
    this.#running.add(running);
    await Promise.race([running, process.stalled]);
    // A process that stalled or ended may have begun other calls. Wait for them before anything else happens.
    await process.idle();
  }

  /** Resumes stalled calls, and waits for all processes to end. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) {
      const { nextStall } = this.underway;
      this.underway.resume();
      await Promise.race([...this.#running, nextStall]);
    }
    // A process may have ended while one of its calls still stalls. That call ends too before anything else begins.
    this.underway.resume();
    await setImmediate();
    await Promise.all([...this.#processes].map((process) => process.idle()));
    this.#processes.clear();
  }

  /** Checks each account at its creation: is it the only open one with its name? */
  async #watched(point: string, response: Response): Promise<Response> {
    if (point !== "twilio: create account" || !response.ok) return response;
    const body = await response.text();
    const { friendly_name: name } = JSON.parse(body);
    const open = (await this.twilio.accountsNamed(name)).filter(({ status }) => status !== "closed");
    this.created++;
    if (open.length > 1) this.doubled++;
    return new Response(body, { status: response.status });
  }

  async #receive(request: Request): Promise<Response> {
    const { process, dependencies: { db, log } } = this.start(this.webhookTraps);
    const env = { STRIPE_WEBHOOK_SECRET: this.stripeServer.webhookSecret } as Env;
    const body = await request.text();
    const { url, headers } = request;
    let response = new Response(null, { status: 500 });
    await this.run(process, async () => {
      const delivered = new Request(url, { method: "POST", headers, body });
      response = await receiveFromStripe(delivered, { db, env, log } as Parameters<typeof receiveFromStripe>[1]);
    });
    if (response.ok) this.acknowledged.add(JSON.parse(body).id);
    return response;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled();
    await this.cleanUps.run();
  }
}

/** Ignores the end of a process and failures the functions report: these tests cause them. */
function tolerate(error: unknown): void {
  if (error instanceof ProcessEnded) return;
  const known = ["ApiError", "TwilioUnreachable", "StripeConnectionError", "StripeAPIError", "StripeRateLimitError"];
  if (error instanceof Error && (known.includes(error.name) || known.includes(error.constructor.name))) return;
  if (error instanceof Error && "status" in error) return; // Twilio's own errors
  throw error;
}

async function reset({ url, fetch }: Pick<TwilioSimulator | StripeSimulator, "url" | "fetch">): Promise<void> {
  const response = await fetch(`${url}/_sim/reset`, { method: "POST" });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`Cannot reset the simulator at "${url}": the response is ${response.status}`);
}
