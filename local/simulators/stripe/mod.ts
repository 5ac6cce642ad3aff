import { apiApp } from "./api/app.ts";
import { controlApp } from "./control/app.ts";
import { Faults } from "./control/faults.ts";
import { Courier } from "./deliveries/courier.ts";
import { type Handler, inProcessFetch, serveHttp } from "../http-server.ts";
import { SnapshotFile } from "../snapshot-file.ts";
import { Timers } from "../timers.ts";
import { randomText } from "./objects/ids.ts";
import { loadPages, pagesApp } from "./pages/app.ts";
import { freshRecords } from "./records.ts";
import type { Simulator } from "./simulator.ts";
import { readState, snapshotOf } from "./state.ts";

export interface StripeSimulatorOptions {
  /** 0 or absent takes a free port. */
  port?: number;
  /** Where events go. Without one they wait until {@link StripeSimulator.setWebhookUrl}. */
  webhookUrl?: string;
  /** `whsec_…`; the one in the state file, or else a new one, when absent. */
  webhookSecret?: string;
  /** `sk_test_…`; the one in the state file, or else a new one, when absent. */
  secretKey?: string;
  /** JSON snapshot: loaded at start, written soon after every change and at stop. In memory only when absent. */
  stateFile?: string;
  /** After how many milliseconds a failed delivery is tried again; given up on after the last. */
  retryDelaysMs?: number[];
  /** How long a receiver may take to answer, in milliseconds. */
  deliveryTimeoutMs?: number;
  /** Where the link on the success page leads back to; http or https. */
  returnUrl?: string;
  log?: (line: string) => void;
}

export interface StripeSimulator {
  /** `http://127.0.0.1:<port>`: the dashboard, `/checkout`, the API at `/v1` and the controls at `/_sim`. */
  url: string;
  webhookSecret: string;
  secretKey: string;
  /** Delivers there from now on, beginning with what waits. */
  setWebhookUrl(url: string): void;
  /** `fetch` for callers in this process, without a connection. */
  fetch: typeof fetch;
  /** Stops serving and delivering and saves the state; a second call waits for the first. */
  stop(): Promise<void>;
}

const DEFAULT_RETRY_DELAYS_MS = [500, 2000, 8000, 30_000];
const DEFAULT_DELIVERY_TIMEOUT_MS = 10_000;

/**
 * Starts a Stripe of our own on 127.0.0.1: the part of the API a subscription business needs, a checkout page, and
 * signed webhooks that are retried.
 *
 * @throws Error if the port is taken, or the state file is not one of ours.
 */
export async function startStripeSimulator(options: StripeSimulatorOptions = {}): Promise<StripeSimulator> {
  const log = options.log ?? (() => {});
  const saved = options.stateFile === undefined ? null : await readState(options.stateFile);
  const records = saved?.records ?? freshRecords(Math.floor(Date.now() / 1000));
  const webhookSecret = options.webhookSecret ?? saved?.webhookSecret ?? `whsec_${randomText(32)}`;
  const secretKey = options.secretKey ?? saved?.secretKey ?? `sk_test_${randomText(32)}`;
  const writer = new SnapshotFile(options.stateFile, () => snapshotOf({ webhookSecret, secretKey, records }), log);
  const changed = () => writer.changed();
  const courier = new Courier({
    records,
    webhookSecret,
    webhookUrl: options.webhookUrl ?? null,
    retryDelaysMs: options.retryDelaysMs ?? DEFAULT_RETRY_DELAYS_MS,
    timeoutMs: options.deliveryTimeoutMs ?? DEFAULT_DELIVERY_TIMEOUT_MS,
    changed,
    log,
  });
  const timers = new Timers();
  let url = "";
  const simulator: Simulator = {
    records,
    courier,
    faults: new Faults(),
    timers,
    secretKey,
    url: () => url,
    returnUrl: options.returnUrl ?? null,
    changed,
  };

  const route = await router(simulator);
  const server = await serveHttp(options.port ?? 0, route);
  url = server.url;
  // The secrets must be kept even if nothing else ever changes.
  changed();
  courier.deliverPending();
  log(`Stripe simulator at ${url}`);
  async function stop(): Promise<void> {
    timers.stop();
    await Promise.all([server.stop(), courier.stop()]);
    await writer.flush();
  }
  let stopped: Promise<void> | undefined;
  return {
    url,
    webhookSecret,
    secretKey,
    fetch: inProcessFetch(route),
    setWebhookUrl: (webhookUrl) => courier.setUrl(webhookUrl),
    stop: () => stopped ??= stop(),
  };
}

async function router(simulator: Simulator): Promise<Handler> {
  const api = apiApp(simulator);
  const control = controlApp(simulator);
  const pages = pagesApp(simulator, await loadPages());
  return (request, env) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/v1/")) return api.fetch(request, env);
    if (pathname.startsWith("/_sim/")) return control.fetch(request, env);
    return pages.fetch(request, env);
  };
}
