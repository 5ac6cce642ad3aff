/** The parts for tests of the simulator: a running simulator, the real SDK, and a receiver that verifies events. */
import Stripe from "stripe";
import { eventually } from "../../../local/driver/eventually.ts";
import type { summary } from "../../../local/simulators/stripe/control/app.ts";
import type { DeliverAnswer } from "../../../local/simulators/stripe/control/deliver.ts";
import type { ApiFault } from "../../../local/simulators/stripe/control/faults.ts";
import type { MeterFault } from "../../../local/simulators/stripe/control/meter-faults.ts";
import type { ThinFault } from "../../../local/simulators/stripe/deliveries/thin-courier.ts";
import type { meterUsage } from "../../../local/simulators/stripe/metering/quantity.ts";
import type {
  DeliveryRecord,
  EventRecord,
  MeterEventRecord,
  ThinEventRecord,
} from "../../../local/simulators/stripe/records.ts";
import {
  startStripeSimulator,
  type StripeSimulator,
  type StripeSimulatorOptions,
} from "../../../local/simulators/stripe/mod.ts";

/** One webhook call as the receiver saw it. `event` is null when the SDK refused it, and `refusal` has the reason. */
export interface Received {
  raw: string;
  event: Stripe.Event | null;
  refusal: Error | null;
  headers: Headers;
}

/** A webhook endpoint as a customer of Stripe writes it: verifies with the SDK, responds with 200 or 400. */
export class Receiver {
  readonly calls: Received[] = [];
  /** The status to respond with to a verified event. The number counts calls from 1. */
  answer: (call: number) => number | Promise<number> = () => 200;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(private readonly secret: () => string) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => this.#receive(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/webhook`;
  }

  /** The types of the received and verified events, in order. */
  get types(): string[] {
    return this.events.map((event) => event.type);
  }

  get events(): Stripe.Event[] {
    return this.calls.flatMap(({ event }) => event ? [event] : []);
  }

  async #receive(request: Request): Promise<Response> {
    const raw = await request.text().catch(() => null);
    // The simulator stopped during its call.
    if (raw === null) return new Response(null, { status: 400 });
    const header = request.headers.get("stripe-signature") ?? "";
    const call: Received = { raw, event: null, refusal: null, headers: request.headers };
    try {
      call.event = await Stripe.webhooks.constructEventAsync(raw, header, this.secret());
    } catch (error) {
      call.refusal = error as Error;
    }
    this.calls.push(call);
    if (call.refusal) return new Response(null, { status: 400 });
    return new Response(null, { status: await this.answer(this.calls.length) });
  }

  async stop(): Promise<void> {
    await this.#server.shutdown();
  }
}

export interface Fixture extends AsyncDisposable {
  simulator: StripeSimulator;
  stripe: Stripe;
  receiver: Receiver;
  /** Calls a control. `body` makes it a POST unless `method` says otherwise. */
  control<Path extends string>(
    path: Path,
    body?: unknown,
    method?: string,
  ): Promise<{ status: number; answer: Answer<Path> }>;
  /** Buys through a Payment Link. */
  checkout(request?: Record<string, unknown>): Promise<Purchase>;
  /** Performs an action on a subscription. */
  act(subscriptionId: string, action: string, more?: Record<string, unknown>): Promise<Stripe.Event[]>;
  /** The events with these ids, once the receiver has verified each of them. */
  received(eventIds: string[]): Promise<Stripe.Event[]>;
}

/** The response of each control, as far as tests read it. */
interface Answers {
  "/_sim/checkout": Purchase;
  "/_sim/subscriptions": { subscriptions: ReturnType<typeof summary>[] };
  "/_sim/deliver": DeliverAnswer;
  "/_sim/events": { events: (EventRecord & { lastAttempt: DeliveryRecord | null })[] };
  "/_sim/deliveries": { deliveries: DeliveryRecord[] };
  "/_sim/meter-events": { meterEvents: MeterEventRecord[] };
  "/_sim/meters": { meters: ReturnType<typeof meterUsage> };
  "/_sim/thin-events": { thinEvents: ThinEventRecord[] };
  "/_sim/faults": { api: ApiFault[]; deliveries: string[]; thinEvents: ThinFault[]; meterEvents: MeterFault[] };
}
type Answer<Path extends string> = Path extends keyof Answers ? Answers[Path] : Record<string, unknown>;

export interface Purchase {
  customerId: string;
  subscriptionId: string;
  sessionId: string;
  eventIds: string[];
}

/** Starts a simulator whose receiver is already listening. */
export async function startFixture(options: StripeSimulatorOptions = {}): Promise<Fixture> {
  let secret = "";
  const receiver = new Receiver(() => secret);
  const simulator = await startStripeSimulator({ webhookUrl: receiver.url, retryDelaysMs: [20, 20], ...options });
  secret = simulator.webhookSecret;
  const stripe = sdk(simulator);

  async function control<Path extends string>(
    path: Path,
    body?: unknown,
    method = body === undefined ? "GET" : "POST",
  ) {
    const response = await fetch(simulator.url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, answer: await response.json() as Answer<Path> };
  }

  async function received(eventIds: string[]): Promise<Stripe.Event[]> {
    const find = (id: string) => receiver.events.find((event) => event.id === id);
    await eventually(`events ${eventIds} to be received`, () => eventIds.every(find));
    return eventIds.map((id) => find(id)!);
  }

  return {
    simulator,
    stripe,
    receiver,
    control,
    received,
    async checkout(request = {}) {
      const { status, answer } = await control("/_sim/checkout", {
        clientReferenceId: "ada",
        plan: "starter",
        ...request,
      });
      if (status !== 200) throw new Error(`Cannot check out: ${JSON.stringify(answer)}`);
      return answer;
    },
    async act(subscriptionId, action, more = {}) {
      const { status, answer } = await control(`/_sim/subscriptions/${subscriptionId}`, { action, ...more });
      if (status !== 200) throw new Error((answer.error as { message: string }).message);
      return await received(answer.eventIds as string[]);
    },
    async [Symbol.asyncDispose]() {
      await simulator.stop();
      await receiver.stop();
    },
  };
}

/** The official SDK, connected to the simulator. One attempt per call by default. */
export function sdk(
  simulator: StripeSimulator,
  config: { secretKey?: string; maxNetworkRetries?: number; apiVersion?: string } = {},
): Stripe {
  const { hostname, port } = new URL(simulator.url);
  return new Stripe(config.secretKey ?? simulator.secretKey, {
    host: hostname,
    port,
    protocol: "http",
    maxNetworkRetries: config.maxNetworkRetries ?? 0,
    telemetry: false,
    // The types of the SDK know its own version only.
    ...(config.apiVersion !== undefined && { apiVersion: config.apiVersion as typeof Stripe.API_VERSION }),
  });
}
