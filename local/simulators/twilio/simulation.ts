import { FaultBook } from "./faults.ts";
import { type CallbackRecord, Journal, type RequestRecord } from "./journal.ts";
import type { HttpMethod } from "./records.ts";
import { Timers } from "../timers.ts";
import type { Store } from "./store.ts";

/** How an inactive account's own requests are refused: nobody documents it, five answers are reported. */
export type InactiveAccountCode = 20003 | 20005 | 20403 | 10001 | 90010;

/** Milliseconds from a message's creation to each step of its life. */
export interface Lifecycle {
  sentMs: number;
  deliveredMs: number;
  priceMs: number;
}

/** What can be changed while the simulator runs, by `POST /_sim/settings`. */
export interface Settings {
  latencyMs: number;
  lifecycle: Lifecycle;
  inactiveAccountCode: InactiveAccountCode;
  allowLocalCallbacks: boolean;
  maxSubaccounts: number;
  /** Adds `OptOutType` to inbound webhooks, as Advanced Opt-Out does. */
  advancedOptOut: boolean;
  /** Whether keywords are answered and heeded at all. Twilio's support can turn that off for an account. */
  keywordHandling: boolean;
  /** On a trial account only these numbers can be texted (21608); null for a full account. */
  trialVerifiedNumbers: string[] | null;
}

/** A webhook that is to be made: where, as whom, with what. */
export interface Webhook {
  purpose: CallbackRecord["purpose"];
  accountSid: string;
  url: string;
  method: HttpMethod;
  params: Record<string, string>;
}

/** What became of a webhook: the last attempt's answer, or why there was none. */
export interface WebhookResult {
  status: number | null;
  contentType: string;
  body: string;
  error: string | null;
}

/** Everything one simulator consists of; several can live in one process. */
export interface Simulation {
  store: Store;
  settings: Settings;
  timers: Timers;
  faults: FaultBook;
  requests: Journal<RequestRecord>;
  callbacks: Journal<CallbackRecord>;
  sendWebhook(webhook: Webhook): Promise<WebhookResult>;
  log(line: string): void;
}

/** A simulation around `store` whose webhooks go out through `sendWebhook`. */
export function createSimulation(
  store: Store,
  settings: Settings,
  sendWebhook: (simulation: Simulation, webhook: Webhook) => Promise<WebhookResult>,
  log: (line: string) => void,
): Simulation {
  const simulation: Simulation = {
    store,
    settings,
    timers: new Timers(),
    faults: new FaultBook(),
    requests: new Journal<RequestRecord>(),
    callbacks: new Journal<CallbackRecord>(),
    sendWebhook: (webhook) => sendWebhook(simulation, webhook),
    log,
  };
  return simulation;
}
