import { FaultBook } from "./faults.ts";
import { type CallbackRecord, Journal, type RequestRecord } from "./journal.ts";
import type { CarrierFee } from "./prices.ts";
import type { HttpMethod } from "./records.ts";
import type { Regulations } from "./regulation.ts";
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
  /** The minimum duration of each API request. */
  latencyMs: number;
  /** Milliseconds from the creation of a message to `sent`, `delivered` and its price. */
  lifecycle: Lifecycle;
  /** The error code of requests as a suspended or closed account, which Twilio does not document. */
  inactiveAccountCode: InactiveAccountCode;
  /** Whether a StatusCallback can point to this machine. Twilio rejects one with 21609. */
  allowLocalCallbacks: boolean;
  /** The maximum number of open subaccounts. One more fails with 21480. */
  maxSubaccounts: number;
  /** Whether inbound webhooks of keywords contain `OptOutType`, as with Advanced Opt-Out. */
  advancedOptOut: boolean;
  /** Whether keywords change consent and get a reply. Twilio support can disable this for an account. */
  keywordHandling: boolean;
  /** The only numbers that a trial account can text (21608 for others). Null for a full account. */
  trialVerifiedNumbers: string[] | null;
  /** Whether a request for a media file needs credentials. Accounts from before Twilio enforced it could turn it off. */
  mediaAuth: boolean;
  /**
   * Whether a list with a `DateSent` filter contains messages without a `date_sent`, by their creation time. Twilio does
   * not document it.
   */
  listQueuedByDateSent: boolean;
  /** Milliseconds until a new message appears in lists and can be read. Until then, reading it answers 404. */
  readDelayMs: number;
  /** Whether Twilio suspended the master account, which suspends all its subaccounts. */
  masterSuspended: boolean;
  /**
   * The US dollars paid in. The balance is this less the prices of all messages. At zero, Twilio suspends the master
   * account. Null for an account that never runs out of funds.
   */
  funds: number | null;
  /** Whether a suspended or closed account can still send GET requests. Twilio does not document it. */
  inactiveAccountsRead: boolean;
  /** How far ahead `SendAt` must be. Twilio's pages say 5 or 15 minutes. */
  minScheduleMs: number;
  /** What happens to a scheduled message without a MessagingServiceSid: sent at once, or refused with 35118. */
  scheduleWithoutService: "send" | "refuse";
  /** Whether a message to a landline outside the US, Canada and the UK is refused with 21635. */
  refuseLandlines: boolean;
  /** The regulatory information that numbers need, by country or by country and type. A number without an entry needs none. */
  regulations: Regulations;
  /** Milliseconds until usage shows a charge. At Twilio they can be hours. */
  usageDelayMs: number;
  /** How far the clock of usage is ahead of the real one, so that months can pass for numbers and triggers. */
  usageClockMs: number;
  /** Milliseconds from receipt to the price of an inbound message. Null: as for outbound ones. */
  inboundPriceMs: number | null;
  /** The carrier fees, by the country of the handset. */
  carrierFees: Record<string, CarrierFee>;
  /** Milliseconds from a message's price to its carrier fee, which changes the price. Twilio takes up to a day. */
  carrierFeeMs: number;
  /** How often usage triggers are evaluated. */
  triggerIntervalMs: number;
}

export const DEFAULT_SETTINGS: Readonly<Settings> = {
  latencyMs: 0,
  lifecycle: { sentMs: 50, deliveredMs: 150, priceMs: 300 },
  inactiveAccountCode: 20005,
  allowLocalCallbacks: true,
  maxSubaccounts: 1000,
  advancedOptOut: false,
  keywordHandling: true,
  trialVerifiedNumbers: null,
  mediaAuth: true,
  listQueuedByDateSent: true,
  readDelayMs: 0,
  masterSuspended: false,
  funds: null,
  inactiveAccountsRead: false,
  minScheduleMs: 300_000,
  scheduleWithoutService: "send",
  refuseLandlines: false,
  regulations: { AU: { address: "any", bundle: false }, DE: { address: "none", bundle: true } },
  usageDelayMs: 0,
  usageClockMs: 0,
  inboundPriceMs: null,
  carrierFees: {},
  carrierFeeMs: 0,
  triggerIntervalMs: 60_000,
};

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
  /** The number of the latest regular evaluation of usage triggers; an earlier one ends. */
  triggerTurn: number;
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
    triggerTurn: 0,
    sendWebhook: (webhook) => sendWebhook(simulation, webhook),
    log,
  };
  return simulation;
}
