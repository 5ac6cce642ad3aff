import * as z from "zod";
import {
  addCharge,
  carrierFeeOf,
  chargeCarrierFee,
  chargeFailure,
  chargeMessage,
  microsOf,
  usageNow,
} from "./charges.ts";
import { type Control, json, jsonBody } from "./control-http.ts";
import { DAY_MS } from "./dates.ts";
import type { HttpAnswer, HttpRequest } from "./http.ts";
import { addMessage } from "./messages.ts";
import { messagePrice } from "./prices.ts";
import type { Account, Message, MessageStatus } from "./records.ts";
import { messageBody } from "./resources/messages.ts";
import type { Simulation } from "./simulation.ts";
import type { Store } from "./store.ts";
import { evaluateTriggers } from "./trigger-firing.ts";

/** An ISO day (its noon) or time. */
const Time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), "must be a day or a time").transform((text) =>
  Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T12:00:00Z` : text)
);
const Amount = z.union([z.number(), z.string().regex(/^-?\d+(\.\d{1,6})?$/, "must be a decimal")]);

const NewCharge = z.strictObject({
  accountSid: z.string(),
  category: z.string().min(1),
  at: Time,
  count: z.number().default(1),
  usage: z.number().optional(),
  price: Amount,
  visibleInMs: z.int().min(0).optional(),
});

const OldMessage = z.strictObject({
  accountSid: z.string(),
  direction: z.enum(["inbound", "outbound-api", "outbound-reply"]).default("outbound-api"),
  from: z.string(),
  to: z.string(),
  body: z.string().default(""),
  mediaUrls: z.array(z.string()).default([]),
  at: Time,
  status: z.enum(["sent", "delivered", "undelivered", "failed", "received"]).optional(),
  errorCode: z.int().nullable().default(null),
  /** Null: not priced yet. Absent: the price that the simulator charges. */
  price: Amount.nullable().optional(),
  visibleInMs: z.int().min(0).default(0),
});

const ChangedMessage = z.strictObject({
  sid: z.string(),
  at: Time.optional(),
  price: Amount.nullable().optional(),
});

const Days = z.strictObject({ days: z.int().min(1) });

const OldPurchase = z.strictObject({ sid: z.string(), at: Time });

const ChangedAccount = z.strictObject({
  sid: z.string(),
  createdAt: Time.optional(),
  priceUnit: z.string().regex(/^[a-z]{3}$/, "must be a currency in lower case").optional(),
});

/**
 * The controls of usage. With them, a test has past days without waiting:
 *
 * - `POST /_sim/charges {accountSid, category, at, price, count?, usage?, visibleInMs?}` adds to the ledger: a charge of any
 *   category, also an unknown one; a correction with a negative price; a day that changes late with `visibleInMs`; and
 *   with the category `totalprice` an amount that no category explains.
 * - `POST /_sim/messages {accountSid, from, to, at, …}` adds a message of a past day with its charges, and
 *   `{sid, at?, price?}` moves a message with its charges to another time, or changes its price but no charge.
 * - `POST /_sim/purchases {sid, at}` changes when a number was bought, and with it all its monthly charges.
 * - `POST /_sim/accounts {sid, createdAt?, priceUnit?}` changes the age or the currency of an account.
 * - `POST /_sim/days {days}` lets days pass: moves all accounts, messages, purchases and charges into the past.
 * - `POST /_sim/triggers/evaluate` evaluates the usage triggers now. Answers after the callbacks were answered.
 *
 * An account is as old as the oldest of what these controls give it.
 */
export const usageControls: Record<string, Control> = {
  "POST /_sim/charges": takeCharge,
  "POST /_sim/messages": takeMessage,
  "POST /_sim/purchases": takePurchase,
  "POST /_sim/accounts": takeAccount,
  "POST /_sim/days": passDays,
  "POST /_sim/triggers/evaluate": async (simulation) => json(200, { fired: await evaluateTriggers(simulation) }),
};

function takeCharge(simulation: Simulation, request: HttpRequest): HttpAnswer {
  const { price, visibleInMs, usage, ...charge } = NewCharge.parse(jsonBody(request));
  const account = ageAccount(simulation.store, charge.accountSid, charge.at);
  if (!account) return unknown("account", charge.accountSid);
  const added = { ...charge, usage: usage ?? charge.count, micros: microsOf(price), messageSid: null };
  return json(201, addCharge(simulation, added, visibleInMs));
}

function takeMessage(simulation: Simulation, request: HttpRequest): HttpAnswer {
  const wanted = z.union([ChangedMessage, OldMessage]).parse(jsonBody(request));
  if (!("sid" in wanted)) return addOldMessage(simulation, wanted);
  const message = simulation.store.messages.get(wanted.sid);
  if (!message) return unknown("message", wanted.sid);
  if (wanted.price !== undefined) message.price = wanted.price === null ? null : Number(wanted.price);
  if (wanted.at !== undefined) moveMessage(simulation.store, message, wanted.at);
  message.updatedAt = Date.now();
  simulation.store.changed();
  return json(200, messageBody(message));
}

function addOldMessage(simulation: Simulation, wanted: z.output<typeof OldMessage>): HttpAnswer {
  const { store } = simulation;
  if (!ageAccount(store, wanted.accountSid, wanted.at)) return unknown("account", wanted.accountSid);
  const { at, price, errorCode, visibleInMs, ...draft } = wanted;
  const status: MessageStatus = wanted.status ?? (wanted.direction === "inbound" ? "received" : "delivered");
  const message = addMessage(store, { ...draft, status });
  Object.assign(message, { errorCode, createdAt: at, updatedAt: at, sentAt: status === "failed" ? null : at });
  message.priceUnit = store.priceUnitOf(message.accountSid);
  if (status === "failed") chargeFailure(simulation, message, visibleInMs);
  else {
    chargeMessage(simulation, message, visibleInMs);
    const fee = carrierFeeOf(simulation, message);
    if (fee > 0) chargeCarrierFee(simulation, message, visibleInMs);
    message.price = (microsOf(messagePrice(message)) - fee) / 1_000_000;
  }
  if (price !== undefined) message.price = price === null ? null : Number(price);
  store.changed();
  return json(201, messageBody(message));
}

function moveMessage(store: Store, message: Message, at: number): void {
  ageAccount(store, message.accountSid, at);
  message.createdAt = at;
  if (message.sentAt !== null) message.sentAt = at;
  for (const charge of store.chargesOfMessage(message)) charge.at = at;
}

function takePurchase({ store }: Simulation, request: HttpRequest): HttpAnswer {
  const { sid, at } = OldPurchase.parse(jsonBody(request));
  const purchase = store.purchaseOf(sid);
  if (!purchase) return unknown("number", sid);
  purchase.at = at;
  ageAccount(store, purchase.accountSid, at);
  store.changed();
  return json(200, purchase);
}

function takeAccount(simulation: Simulation, request: HttpRequest): HttpAnswer {
  const { sid, createdAt, priceUnit } = ChangedAccount.parse(jsonBody(request));
  const account = simulation.store.accounts.get(sid);
  if (!account) return unknown("account", sid);
  Object.assign(account, {
    ...(createdAt !== undefined && { createdAt }),
    ...(priceUnit !== undefined && { priceUnit }),
  });
  simulation.store.changed();
  return json(200, {
    sid,
    createdAt: account.createdAt,
    priceUnit: account.priceUnit ?? "usd",
    now: usageNow(simulation),
  });
}

function passDays({ store }: Simulation, request: HttpRequest): HttpAnswer {
  const gone = Days.parse(jsonBody(request)).days * DAY_MS;
  for (const account of store.accounts.values()) account.createdAt -= gone;
  for (const message of store.messages.values()) {
    message.createdAt -= gone;
    message.updatedAt -= gone;
    if (message.sentAt !== null) message.sentAt -= gone;
    if (message.sendAt !== null) message.sendAt -= gone;
  }
  for (const purchase of store.purchases) {
    purchase.at -= gone;
    if (purchase.releasedAt !== undefined) purchase.releasedAt -= gone;
    for (const move of purchase.moves ?? []) move.at -= gone;
  }
  for (const sid of store.accounts.keys()) {
    for (const charge of store.chargesOf(sid)) {
      charge.at -= gone;
      charge.visibleAt -= gone;
    }
  }
  store.changed();
  return json(200, {});
}

/** Returns the account after making it at least as old as `at`. */
function ageAccount(store: Store, sid: string, at: number): Account | undefined {
  const account = store.accounts.get(sid);
  if (account) account.createdAt = Math.min(account.createdAt, at);
  return account;
}

function unknown(kind: string, sid: string): HttpAnswer {
  return json(404, { message: `Cannot find the ${kind} "${sid}"` });
}
