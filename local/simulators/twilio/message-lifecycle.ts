import { statusOf } from "./account-status.ts";
import { carrierFeeOf, chargeCarrierFee, chargeFailure, chargeMessage, microsOf } from "./charges.ts";
import { messagePrice } from "./prices.ts";
import type { Message, MessageStatus } from "./records.ts";
import type { Simulation } from "./simulation.ts";

/** One step of a message's lifecycle, `atMs` after the creation of the message or the time for which it is scheduled. */
interface Step {
  atMs: number;
  take(): void;
}

/**
 * Schedules the lifecycle of a message: queued → sent → delivered (or the final status of its outcome), with a status
 * callback for each step after the first, then its price. A message from the state file continues where it stopped.
 */
export function startLifecycle(simulation: Simulation, message: Message): void {
  const age = Date.now() - (message.sendAt ?? message.createdAt);
  const callbacks = new StatusCallbacks(simulation, message);
  for (const step of stepsAhead(simulation, message, callbacks)) {
    simulation.timers.after(Math.max(0, step.atMs - age), () => {
      if (simulation.store.messages.get(message.sid) === message && message.status !== "canceled") step.take();
    });
  }
}

/** Resumes the lifecycle of every message that was unfinished when the simulator stopped. */
export function resumeLifecycles(simulation: Simulation): void {
  for (const message of simulation.store.messages.values()) {
    const isUnpriced = message.price === null && message.status !== "failed" && message.status !== "canceled";
    if (isUnpriced || message.awaitsCarrierFee) {
      startLifecycle(simulation, message);
    }
  }
}

function stepsAhead(simulation: Simulation, message: Message, callbacks: StatusCallbacks): Step[] {
  const { sentMs, deliveredMs, priceMs } = simulation.settings.lifecycle;
  const steps: Step[] = statusesAhead(message).map((status, index, all) => {
    const isLast = index === all.length - 1;
    const atMs = status === "queued" ? 0 : status === "sent" || status === "failed" ? sentMs : deliveredMs;
    return { atMs, take: () => callbacks.report(advance(simulation, message, status), isLast) };
  });
  const { inboundPriceMs, carrierFeeMs } = simulation.settings;
  const pricedMs = message.direction === "inbound" ? inboundPriceMs ?? priceMs : priceMs;
  const isCharged = () => message.status !== "failed" && message.status !== "canceled";
  steps.push({ atMs: pricedMs, take: () => isCharged() && priceMessage(simulation, message) });
  steps.push({ atMs: pricedMs + carrierFeeMs, take: () => isCharged() && addCarrierFee(simulation, message) });
  return steps;
}

function statusesAhead({ status, outcome, direction }: Message): MessageStatus[] {
  if (direction === "inbound" || !outcome) return [];
  const sending: MessageStatus[] = outcome.status === "failed"
    ? ["failed"]
    : outcome.status === "sent"
    ? ["sent"]
    : ["sent", outcome.status];
  const whole: MessageStatus[] = [status === "scheduled" ? "scheduled" : "accepted", "queued", ...sending];
  const reached = whole.indexOf(status);
  return reached === -1 ? [] : whole.slice(reached + 1);
}

/**
 * Sets the status of the message. If its account is no longer active, the message fails with 30002, as on Twilio; a
 * scheduled message to a recipient that has opted out since fails with 21610.
 */
function advance(simulation: Simulation, message: Message, status: MessageStatus): MessageStatus {
  if (message.status === "failed" || message.status === "canceled") return message.status;
  const account = simulation.store.accounts.get(message.accountSid);
  const isStopped = (!account || statusOf(simulation, account) !== "active") &&
    (status === "sent" || status === "queued");
  const isOptedOut = message.status === "scheduled" &&
    simulation.store.isOptedOut({ number: message.from, handset: message.to });
  message.status = isStopped || isOptedOut ? "failed" : status;
  message.errorCode = isStopped ? 30002 : isOptedOut ? 21610 : errorCodeOf(message);
  if (message.status === "sent") {
    message.sentAt = Date.now();
    chargeMessage(simulation, message);
  }
  if (message.status === "failed") chargeFailure(simulation, message);
  message.updatedAt = Date.now();
  simulation.store.changed();
  return message.status;
}

function errorCodeOf({ status, outcome }: Message): number | null {
  return status === "failed" || status === "undelivered" ? outcome?.errorCode ?? 30008 : null;
}

/** The price of a message is its own and, later, that of its carrier. */
function priceMessage(simulation: Simulation, message: Message): void {
  if (message.price !== null) return;
  message.price = messagePrice(message);
  message.priceUnit = simulation.store.priceUnitOf(message.accountSid);
  message.awaitsCarrierFee = carrierFeeOf(simulation, message) > 0;
  message.updatedAt = Date.now();
  simulation.store.changed();
}

function addCarrierFee(simulation: Simulation, message: Message): void {
  if (!message.awaitsCarrierFee || message.price === null) return;
  message.awaitsCarrierFee = false;
  message.price = (microsOf(message.price) - carrierFeeOf(simulation, message)) / 1_000_000;
  message.updatedAt = Date.now();
  chargeCarrierFee(simulation, message);
}

/** Sends the status callbacks of one message and applies its callback fault. */
class StatusCallbacks {
  #held: Record<string, string>[] = [];
  #reported = new Set<MessageStatus>();

  constructor(readonly simulation: Simulation, readonly message: Message) {}

  report(status: MessageStatus, isLast: boolean): void {
    const { message, simulation } = this;
    if (!message.statusCallback || this.#reported.has(status)) return;
    this.#reported.add(status);
    const params = statusParams(message, status);
    const fault = message.callbackFault;
    if (fault?.effect === "dropped") return;
    if (fault?.effect === "late") simulation.timers.after(fault.ms, () => this.#send([params]));
    else if (fault?.effect === "doubled") this.#send([params, params]);
    else if (fault?.effect === "reordered") this.#hold(params, isLast || status === "failed");
    else this.#send([params]);
  }

  #hold(params: Record<string, string>, isLast: boolean): void {
    this.#held.unshift(params);
    if (isLast) this.#send(this.#held.splice(0));
  }

  /** Sends the callbacks sequentially, so that they arrive in the order of `batch`. */
  async #send(batch: Record<string, string>[]): Promise<void> {
    for (const params of batch) {
      await this.simulation.sendWebhook({
        purpose: "status",
        accountSid: this.message.accountSid,
        url: this.message.statusCallback ?? "",
        method: "POST",
        params,
      });
    }
  }
}

function statusParams(message: Message, status: MessageStatus): Record<string, string> {
  const params: Record<string, string> = {
    AccountSid: message.accountSid,
    ApiVersion: "2010-04-01",
    From: message.from,
    MessageSid: message.sid,
    MessageStatus: status,
    SmsSid: message.sid,
    SmsStatus: status,
    To: message.to,
  };
  if (message.messagingServiceSid) params["MessagingServiceSid"] = message.messagingServiceSid;
  if (message.errorCode !== null) params["ErrorCode"] = String(message.errorCode);
  if (status === "delivered" || status === "undelivered") params["RawDlrDoneDate"] = rawDoneDate(message.updatedAt);
  return params;
}

/** Returns the time of a delivery report in the carriers' format, `YYMMDDhhmm`. */
function rawDoneDate(at: number): string {
  return new Date(at).toISOString().replace(/\D/g, "").slice(2, 12);
}
