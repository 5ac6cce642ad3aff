import { type AllowedCallers, LOOPBACK_ONLY } from "../../callers.ts";
import { apiApp } from "./api/app.ts";
import { controlApp } from "./control/app.ts";
import { Faults } from "./control/faults.ts";
import { MeterFaults } from "./control/meter-faults.ts";
import { Clock } from "./clock.ts";
import { runDueWork } from "./due-work.ts";
import { Courier } from "./deliveries/courier.ts";
import { ThinCourier } from "./deliveries/thin-courier.ts";
import { type Handler, inProcessFetch, serveHttp } from "../http-server.ts";
import { SnapshotFile } from "../snapshot-file.ts";
import { Timers } from "../timers.ts";
import { randomText } from "./objects/ids.ts";
import { loadPages, pagesApp } from "./pages/app.ts";
import { freshRecords } from "./records.ts";
import type { Simulator } from "./simulator.ts";
import { readState, snapshotOf } from "./state.ts";

export interface StripeSimulatorOptions {
  /** Default: 0, which selects a free port. */
  port?: number;
  /** Whose requests are answered. Default: those of loopback names. */
  callers?: AllowedCallers;
  /** Where events are sent. Without it, events stay pending until {@link StripeSimulator.setWebhookUrl} is called. */
  webhookUrl?: string;
  /** `whsec_…`. Default: from the state file, else generated. */
  webhookSecret?: string;
  /** Where the thin events of meters are sent. Without it, they go to the event destinations of the API only. */
  thinWebhookUrl?: string;
  /** `whsec_…`. Default: from the state file, else generated. */
  thinWebhookSecret?: string;
  /** `sk_test_…`. Default: from the state file, else generated. */
  secretKey?: string;
  /** A JSON file with the state, loaded at start and written after changes. Default: keep the state in memory only. */
  stateFile?: string;
  /** The delays before each retry of a failed delivery, in milliseconds. After the last, the delivery has failed. */
  retryDelaysMs?: number[];
  /** Whether an event may be sent to a URL now. Otherwise it stays pending. Default: always. */
  mayCall?: (url: string) => Promise<boolean>;
  /** The timeout of a delivery, in milliseconds. */
  deliveryTimeoutMs?: number;
  /** The http or https URL of the link on the success page. */
  returnUrl?: string;
  log?: (line: string) => void;
  /** Returns the time in Unix milliseconds, for Stripe's time. Default: the machine's clock. */
  now?: () => number;
}

export interface StripeSimulator {
  /** `http://127.0.0.1:<port>`. Serves the dashboard, `/checkout`, the API at `/v1` and `/v2`, and the controls at `/_sim`. */
  url: string;
  webhookSecret: string;
  /** The secret of the thin webhook URL. */
  thinWebhookSecret: string;
  secretKey: string;
  /** Sets the webhook URL and delivers pending events to it. */
  setWebhookUrl(url: string): void;
  /** Sets the URL for thin events and delivers pending ones to it. */
  setThinWebhookUrl(url: string): void;
  /** Returns Stripe's time in Unix milliseconds. `POST /_sim/clock` moves it. */
  now(): number;
  /** A `fetch` for callers in this process, without a connection. */
  fetch: typeof fetch;
  /** Stops the server and the deliveries and saves the state. Later calls return the same promise. */
  stop(): Promise<void>;
}

const DEFAULT_RETRY_DELAYS_MS = [500, 2000, 8000, 30_000];
const DEFAULT_DELIVERY_TIMEOUT_MS = 10_000;

/**
 * Starts a Stripe simulator on 127.0.0.1: the part of the API that a subscription business needs, a checkout page, and
 * signed webhooks with retries.
 *
 * @throws Error if the port is in use, or the state file is invalid
 */
export async function startStripeSimulator(options: StripeSimulatorOptions = {}): Promise<StripeSimulator> {
  const log = options.log ?? (() => {});
  const saved = options.stateFile === undefined ? null : await readState(options.stateFile);
  const machine = options.now ?? Date.now;
  const records = saved?.records ?? freshRecords(Math.floor(machine() / 1000));
  const webhookSecret = options.webhookSecret ?? saved?.webhookSecret ?? `whsec_${randomText(32)}`;
  const thinWebhookSecret = options.thinWebhookSecret ?? saved?.thinWebhookSecret ?? `whsec_${randomText(32)}`;
  const secretKey = options.secretKey ?? saved?.secretKey ?? `sk_test_${randomText(32)}`;
  const writer = new SnapshotFile(
    options.stateFile,
    () => snapshotOf({ webhookSecret, thinWebhookSecret, secretKey, records }),
    log,
  );
  const changed = () => writer.changed();
  const shared = {
    records,
    retryDelaysMs: options.retryDelaysMs ?? DEFAULT_RETRY_DELAYS_MS,
    mayCall: options.mayCall ?? (() => Promise.resolve(true)),
    changed,
  };
  const courier = new Courier({
    ...shared,
    webhookSecret,
    webhookUrl: options.webhookUrl ?? null,
    timeoutMs: options.deliveryTimeoutMs ?? DEFAULT_DELIVERY_TIMEOUT_MS,
    log,
  });
  const thinCourier = new ThinCourier({
    ...shared,
    courier,
    secret: thinWebhookSecret,
    url: options.thinWebhookUrl ?? null,
  });
  const timers = new Timers();
  let url = "";
  const clock = new Clock(records, machine);
  const simulator: Simulator = {
    records,
    clock,
    now: () => clock.now(),
    courier,
    thinCourier,
    faults: new Faults(),
    meterFaults: new MeterFaults(),
    timers,
    secretKey,
    url: () => url,
    returnUrl: options.returnUrl ?? null,
    changed,
  };

  keepWorking(simulator);
  const route = await router(simulator);
  const server = await serveHttp(options.port ?? 0, options.callers ?? LOOPBACK_ONLY, route);
  url = server.url;
  // Saves the generated secrets even if no other change follows.
  changed();
  courier.deliverPending();
  thinCourier.deliverPending();
  log(`Stripe simulator at ${url}`);
  async function stop(): Promise<void> {
    timers.stop();
    thinCourier.stop();
    await Promise.all([server.stop(), courier.stop()]);
    await writer.flush();
  }
  let stopped: Promise<void> | undefined;
  return {
    url,
    webhookSecret,
    thinWebhookSecret,
    secretKey,
    now: () => clock.now(),
    fetch: inProcessFetch(route),
    setWebhookUrl: (webhookUrl) => courier.setUrl(webhookUrl),
    setThinWebhookUrl: (thinWebhookUrl) => thinCourier.setUrl(thinWebhookUrl),
    stop: () => stopped ??= stop(),
  };
}

const DUE_CHECK_MS = 250;

/** Does the due work without a request for it, until the simulator stops. */
function keepWorking(simulator: Simulator): void {
  runDueWork(simulator);
  simulator.timers.after(DUE_CHECK_MS, () => keepWorking(simulator));
}

async function router(simulator: Simulator): Promise<Handler> {
  const api = apiApp(simulator);
  const control = controlApp(simulator);
  const pages = pagesApp(simulator, await loadPages());
  return (request, env) => {
    // A request sees all that Stripe did before it.
    runDueWork(simulator);
    const { pathname } = new URL(request.url);
    if (/^\/v[12]\//.test(pathname)) return api.fetch(request, env);
    if (pathname.startsWith("/_sim/")) return control.fetch(request, env);
    return pages.fetch(request, env);
  };
}
