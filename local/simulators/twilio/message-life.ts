import { messagePrice } from "./prices.ts";
import type { Message, MessageStatus } from "./records.ts";
import type { Simulation } from "./simulation.ts";
import { fireTriggers } from "./trigger-firing.ts";

/** What one step does to a message, at its time after creation. */
interface Step {
  atMs: number;
  take(): void;
}

/**
 * Lets an outbound message live: queued → sent → delivered, or where its outcome leads, with a status callback at each
 * step after the first; its price comes later. A message loaded from the state file goes on where it stopped.
 */
export function beginLife(simulation: Simulation, message: Message): void {
  const age = Date.now() - message.createdAt;
  const callbacks = new StatusCallbacks(simulation, message);
  for (const step of stepsAhead(simulation, message, callbacks)) {
    simulation.timers.after(Math.max(0, step.atMs - age), () => {
      if (simulation.store.messages.get(message.sid) === message) step.take();
    });
  }
}

/** Resumes every message that had not come to its end when the simulator stopped. */
export function resumeLives(simulation: Simulation): void {
  for (const message of simulation.store.messages.values()) {
    if (message.price === null && message.status !== "failed" && message.status !== "canceled") {
      beginLife(simulation, message);
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
  steps.push({ atMs: priceMs, take: () => priceMessage(simulation, message) });
  return steps;
}

function statusesAhead({ status, outcome, direction }: Message): MessageStatus[] {
  if (direction === "inbound" || !outcome) return [];
  const sending: MessageStatus[] = outcome.status === "failed"
    ? ["failed"]
    : outcome.status === "sent"
    ? ["sent"]
    : ["sent", outcome.status];
  const whole: MessageStatus[] = ["accepted", "queued", ...sending];
  const reached = whole.indexOf(status);
  return reached === -1 ? [] : whole.slice(reached + 1);
}

/** Takes the message to `status`; an account suspended meanwhile fails it with 30002, as Twilio does. */
function advance(simulation: Simulation, message: Message, status: MessageStatus): MessageStatus {
  if (message.status === "failed" || message.status === "canceled") return message.status;
  const account = simulation.store.accounts.get(message.accountSid);
  const isStopped = account?.status !== "active" && (status === "sent" || status === "queued");
  message.status = isStopped ? "failed" : status;
  message.errorCode = isStopped ? 30002 : errorCodeOf(message);
  if (message.status === "sent") message.sentAt = Date.now();
  message.updatedAt = Date.now();
  simulation.store.changed();
  return message.status;
}

function errorCodeOf({ status, outcome }: Message): number | null {
  return status === "failed" || status === "undelivered" ? outcome?.errorCode ?? 30008 : null;
}

/** Twilio charges for what it handed to a carrier, delivered or not. */
function priceMessage(simulation: Simulation, message: Message): void {
  if (message.status === "failed" || message.status === "canceled" || message.price !== null) return;
  message.price = messagePrice(message);
  message.updatedAt = Date.now();
  simulation.store.changed();
  fireTriggers(simulation, message.accountSid);
}

/** The status callbacks of one message, with the trouble asked for. */
class StatusCallbacks {
  #held: Record<string, string>[] = [];
  #reported = new Set<MessageStatus>();

  constructor(readonly simulation: Simulation, readonly message: Message) {}

  report(status: MessageStatus, isLast: boolean): void {
    const { message, simulation } = this;
    if (!message.statusCallback || this.#reported.has(status)) return;
    this.#reported.add(status);
    const params = statusParams(message, status);
    const trouble = message.callbackTrouble;
    if (trouble?.effect === "dropped") return;
    if (trouble?.effect === "late") simulation.timers.after(trouble.ms, () => this.#send([params]));
    else if (trouble?.effect === "doubled") this.#send([params, params]);
    else if (trouble?.effect === "reordered") this.#hold(params, isLast || status === "failed");
    else this.#send([params]);
  }

  #hold(params: Record<string, string>, isLast: boolean): void {
    this.#held.unshift(params);
    if (isLast) this.#send(this.#held.splice(0));
  }

  /** One after the other, so that an order asked for is the order of arrival. */
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

/** `YYMMDDhhmm`, as carriers write the time of a delivery report. */
function rawDoneDate(at: number): string {
  return new Date(at).toISOString().replace(/\D/g, "").slice(2, 12);
}
