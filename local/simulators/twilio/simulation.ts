import { FaultBook } from "./faults.ts";
import { type CallbackRecord, Journal, type RequestRecord } from "./journal.ts";
import type { HttpMethod } from "./records.ts";
import { Timers } from "../timers.ts";
import type { Store } from "./store.ts";

/** The error codes of requests as an inactive account. Twilio does not document the code; users report these five. */
export type InactiveAccountCode = 20003 | 20005 | 20403 | 10001 | 90010;

/** Milliseconds from the creation of a message to each step of its lifecycle. */
export interface Lifecycle {
  sentMs: number;
  deliveredMs: number;
  priceMs: number;
}

/** The settings that `POST /_sim/settings` can change at run time. */
export interface Settings {
  latencyMs: number;
  lifecycle: Lifecycle;
  inactiveAccountCode: InactiveAccountCode;
  allowLocalCallbacks: boolean;
  maxSubaccounts: number;
  /** Whether inbound webhooks contain `OptOutType`, as with Advanced Opt-Out. */
  advancedOptOut: boolean;
  /** Whether keywords change consent and get a reply. Twilio support can disable this for an account. */
  keywordHandling: boolean;
  /** The only numbers that a trial account can text (21608 for others). Null for a full account. */
  trialVerifiedNumbers: string[] | null;
  /** Whether a request for a media file needs credentials. Accounts from before Twilio enforced it could turn it off. */
  mediaAuth: boolean;
}

/** A webhook to send, signed with the auth token of `accountSid`. */
export interface Webhook {
  purpose: CallbackRecord["purpose"];
  accountSid: string;
  url: string;
  method: HttpMethod;
  params: Record<string, string>;
}

/** The result of a webhook: the response of the last attempt, or the reason why there was none. */
export interface WebhookResult {
  status: number | null;
  contentType: string;
  body: string;
  error: string | null;
}

/** The parts of one simulator. A process can run several simulators. */
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

/** Creates a simulation of `store` that sends its webhooks with `sendWebhook`. */
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
