import { blockOf } from "./number-inventory.ts";
import { countryOf } from "./phone-numbers.ts";
import { messagePrice, MONTHLY_NUMBER_PRICE } from "./prices.ts";
import type { Charge, Message, NumberPurchase, NumberType } from "./records.ts";
import type { Simulation } from "./simulation.ts";

/** Amounts are integers in millionths of the account's currency, so that sums are exact. */
const MICROS = 1_000_000;

/** US dollars for a message that ends as `failed`, with any number of segments. */
const FAILED_MESSAGE_FEE = 0.001;

/** The errors after which Twilio charges no fee for a failed message. */
const FEE_EXEMPT = new Set([
  ...[12400, 20500, 20504, 21408, 30002, 30008, 30036, 30103, 30450, 30454, 30500, 90010],
  ...[63010, 63012, 63013, 63018, 63021, 63024, 63032, 63038],
]);

/** Parses an amount such as `-1.2345`. */
export function microsOf(amount: number | string): number {
  return Math.round(Number(amount) * MICROS);
}

/** Formats an amount with five decimals as Twilio does, or with six if it has them. */
export function amountOf(micros: number): string {
  return (micros / MICROS).toFixed(micros % 10 === 0 ? 5 : 6);
}

/** Formats an amount or a count without trailing zeros. */
export function shortAmount(micros: number): string {
  return String(Number((micros / MICROS).toFixed(6)));
}

/** Adds to the ledger. The charge appears in usage after the delay of the settings, or after `visibleInMs`. */
export function addCharge(
  simulation: Simulation,
  charge: Omit<Charge, "visibleAt">,
  visibleInMs = simulation.settings.usageDelayMs,
): Charge {
  const added: Charge = { ...charge, visibleAt: usageNow(simulation) + visibleInMs };
  simulation.store.addCharge(added);
  return added;
}

/** The time by which usage is counted: the real time, unless a test has moved the clock of usage. */
export function usageNow({ settings }: Pick<Simulation, "settings">): number {
  return Date.now() + settings.usageClockMs;
}

/** Charges a message when it is handed to a carrier, or received. */
export function chargeMessage(simulation: Simulation, message: Message, visibleInMs?: number): void {
  const kind = `${isMms(message) ? "mms" : "sms"}-${isInbound(message) ? "inbound" : "outbound"}`;
  // The one category that Twilio writes with a hyphen.
  const path = kind === "mms-inbound" ? pathOf(message).replace("tollfree", "toll-free") : pathOf(message);
  addMessageCharge(simulation, message, `${kind}-${path}`, microsOf(-messagePrice(message)), visibleInMs);
}

/** Charges the fee of a failed message, unless its error is exempt. */
export function chargeFailure(simulation: Simulation, message: Message, visibleInMs?: number): void {
  if (FEE_EXEMPT.has(message.errorCode ?? 0)) return;
  const fee = microsOf(FAILED_MESSAGE_FEE);
  addMessageCharge(simulation, message, "failed-message-processing-fee", fee, visibleInMs);
}

/** Charges the carrier fee of a message. Usage has it under a category of its own, the message within its price. */
export function chargeCarrierFee(simulation: Simulation, message: Message, visibleInMs?: number): void {
  const category = `${isMms(message) ? "mms" : "sms"}-messages-carrierfees`;
  addMessageCharge(simulation, message, category, carrierFeeOf(simulation, message), visibleInMs);
}

/** Returns the carrier fee of a message by the country of the handset, in millionths. */
export function carrierFeeOf({ settings }: Simulation, message: Message): number {
  const fee = settings.carrierFees[countryOf(isInbound(message) ? message.from : message.to)] ?? {};
  if (isMms(message)) return microsOf((isInbound(message) ? fee.mmsInbound : fee.mms) ?? 0);
  return microsOf((isInbound(message) ? fee.smsInbound : fee.sms) ?? 0) * message.numSegments;
}

/** Returns the monthly charges of a number up to `now`, whether it was used or not: until its release, to its owner. */
export function monthlyCharges(purchase: NumberPurchase, now: number, delayMs: number): Charge[] {
  const charges: Charge[] = [];
  for (let months = 0;; months++) {
    const at = anniversary(purchase.at, months);
    if (at > now || (months > 0 && at >= (purchase.releasedAt ?? Infinity))) return charges;
    charges.push({
      accountSid: purchase.moves?.findLast((move) => move.at <= at)?.accountSid ?? purchase.accountSid,
      category: `phonenumbers-${CATEGORY_OF_TYPE[purchase.type]}`,
      at,
      visibleAt: at + delayMs,
      count: 1,
      usage: 1,
      micros: microsOf(MONTHLY_NUMBER_PRICE[purchase.type]),
      messageSid: null,
    });
    // A purchase from a state file of an earlier version does not name its number, and whether it was released.
    if (purchase.sid === undefined) return charges;
  }
}

const CATEGORY_OF_TYPE: Record<NumberType, string> = { "local": "local", "mobile": "mobile", "toll-free": "tollfree" };

/** The same day and time some months later, or the last day of a shorter month. */
function anniversary(start: number, months: number): number {
  const first = new Date(start);
  const [year, month] = [first.getUTCFullYear(), first.getUTCMonth() + months];
  const day = Math.min(first.getUTCDate(), new Date(Date.UTC(year, month + 1, 0)).getUTCDate());
  return Date.UTC(year, month, day) + start % 86_400_000;
}

function addMessageCharge(
  simulation: Simulation,
  message: Message,
  category: string,
  micros: number,
  visibleInMs: number | undefined,
): void {
  const { accountSid, sid: messageSid, createdAt, sentAt, sendAt } = message;
  const at = sentAt ?? sendAt ?? createdAt;
  addCharge(simulation, { accountSid, category, at, count: 1, usage: 1, micros, messageSid }, visibleInMs);
}

function isMms({ media, sid }: Message): boolean {
  return media.length > 0 || sid.startsWith("MM");
}

function isInbound({ direction }: Message): boolean {
  return direction === "inbound";
}

/** The kind of the account's own number, as the categories name it. */
function pathOf(message: Message): string {
  const own = isInbound(message) ? message.to : message.from;
  if (/^\d{3,6}$/.test(own)) return "shortcode";
  return blockOf(own)?.type === "toll-free" ? "tollfree" : "longcode";
}
