import { rfc2822 } from "../dates.ts";
import { shortAmount } from "../charges.ts";
import { ApiError, invalidParameter, notFound } from "../errors.ts";
import { newSid } from "../identifiers.ts";
import { page } from "../paging.ts";
import type { HttpMethod, TriggerRecurrence, UsageTrigger } from "../records.ts";
import type { Answer, ApiCall, Route } from "../router.ts";
import type { Simulation } from "../simulation.ts";
import { currentValue, usageRecordUri } from "../trigger-firing.ts";
import { categoriesOf, familyOf, visibleCharges } from "../usage.ts";
import { isHttpUrl } from "./incoming-number-settings.ts";

const BASE = "/2010-04-01/Accounts/:account/Usage/Triggers";
const RECURRENCES = ["daily", "monthly", "yearly", "alltime"];

const MAX_NAME = 64;
const MAX_TRIGGERS = 1000;

/**
 * `/Usage/Triggers`: webhooks that are sent when the usage of an account reaches a value. Only the name and the callback
 * of a trigger can be changed: other parameters of an update have no effect. An inactive account gets 10001 with its own
 * credentials; the parent manages the triggers of a suspended account, and finds none of a closed one.
 */
export const usageTriggerRoutes: Route[] = ([
  { method: "POST", pattern: BASE, handle: createTrigger },
  { method: "GET", pattern: BASE, handle: listTriggers },
  { method: "GET", pattern: `${BASE}/:sid`, handle: fetchTrigger },
  { method: "POST", pattern: `${BASE}/:sid`, handle: updateTrigger },
  { method: "DELETE", pattern: `${BASE}/:sid`, handle: deleteTrigger },
] satisfies Route[]).map((route) => ({ ...route, inactiveAccountCode: 10001, handle: ofOpenAccount(route.handle) }));

function ofOpenAccount(handle: Route["handle"]): Route["handle"] {
  return (call) => {
    if (call.account.status === "closed") throw notFound(call.path);
    return handle(call);
  };
}

function createTrigger({ simulation, account, form }: ApiCall): Answer {
  const { store } = simulation;
  if ([...store.triggers.values()].filter(({ accountSid }) => accountSid === account.sid).length >= MAX_TRIGGERS) {
    throw new ApiError(20001, `Account '${account.sid}' has reached the maximum of ${MAX_TRIGGERS} usage triggers`);
  }
  const now = Date.now();
  const trigger: UsageTrigger = {
    seq: store.nextSeq(),
    sid: newSid("UT"),
    accountSid: account.sid,
    friendlyName: nameOf(form.get("FriendlyName") ?? ""),
    usageCategory: categoryOf(simulation, account.sid, form.get("UsageCategory") ?? ""),
    triggerBy: triggerByOf(form.get("TriggerBy") ?? "usage"),
    triggerValue: 0,
    callbackUrl: callbackUrlOf(form.get("CallbackUrl") ?? ""),
    callbackMethod: methodOf(form.get("CallbackMethod") ?? "POST"),
    recurring: recurrenceOf(form.get("Recurring") ?? ""),
    firedAt: null,
    firedPeriod: null,
    createdAt: now,
    updatedAt: now,
  };
  trigger.triggerValue = triggerValueOf(form.get("TriggerValue") ?? "", simulation, trigger);
  store.triggers.set(trigger.sid, trigger);
  store.changed();
  return { status: 201, body: triggerBody(simulation, trigger) };
}

function listTriggers(call: ApiCall): Answer {
  const { store } = call.simulation;
  const category = call.query.get("UsageCategory");
  const triggerBy = call.query.get("TriggerBy");
  const recurring = call.query.get("Recurring");
  const triggers = [...store.triggers.values()]
    .filter((trigger) => trigger.accountSid === call.account.sid)
    .filter((trigger) => category === null || trigger.usageCategory === category)
    .filter((trigger) => triggerBy === null || trigger.triggerBy === triggerBy)
    .filter((trigger) => recurring === null || (trigger.recurring || "alltime") === (recurring || "alltime"))
    .reverse();
  return {
    status: 200,
    body: page(call, "usage_triggers", triggers, (trigger) => triggerBody(call.simulation, trigger)),
  };
}

function fetchTrigger(call: ApiCall): Answer {
  return { status: 200, body: triggerBody(call.simulation, triggerOf(call)) };
}

function updateTrigger(call: ApiCall): Answer {
  const trigger = triggerOf(call);
  const { form, simulation } = call;
  const callbackUrl = form.get("CallbackUrl");
  const callbackMethod = form.get("CallbackMethod");
  const friendlyName = form.get("FriendlyName");
  Object.assign(trigger, {
    ...(callbackUrl !== null && { callbackUrl: callbackUrlOf(callbackUrl) }),
    ...(callbackMethod !== null && { callbackMethod: methodOf(callbackMethod) }),
    ...(friendlyName !== null && { friendlyName: nameOf(friendlyName) }),
  });
  trigger.updatedAt = Date.now();
  simulation.store.changed();
  return { status: 200, body: triggerBody(simulation, trigger) };
}

function deleteTrigger(call: ApiCall): Answer {
  call.simulation.store.triggers.delete(triggerOf(call).sid);
  call.simulation.store.changed();
  return { status: 204 };
}

function triggerOf({ simulation, account, params, path }: ApiCall): UsageTrigger {
  const trigger = simulation.store.triggers.get(params["sid"] ?? "");
  if (trigger?.accountSid !== account.sid) throw notFound(path);
  return trigger;
}

function nameOf(text: string): string {
  if (text.length > MAX_NAME) throw invalidParameter("FriendlyName", text);
  return text;
}

function categoryOf(simulation: Simulation, accountSid: string, text: string): string {
  const charges = visibleCharges(simulation, familyOf(simulation.store, accountSid, true));
  if (!categoriesOf(charges).includes(text)) throw invalidParameter("UsageCategory", text);
  return text;
}

function triggerByOf(text: string): UsageTrigger["triggerBy"] {
  if (text === "count" || text === "usage" || text === "price") return text;
  throw invalidParameter("TriggerBy", text);
}

/** Parses a value. With a leading `+` it is added to the current value. */
function triggerValueOf(text: string, simulation: Simulation, trigger: UsageTrigger): number {
  if (!/^\+?\d+(\.\d+)?$/.test(text) || Number(text) === 0) throw invalidParameter("TriggerValue", text);
  return Number(text) + (text.startsWith("+") ? currentValue(simulation, trigger) / 1_000_000 : 0);
}

function callbackUrlOf(text: string): string {
  if (!isHttpUrl(text)) throw new ApiError(21402, `CallbackUrl is not a valid URL: '${text}'`);
  return text;
}

function methodOf(text: string): HttpMethod {
  if (text === "GET" || text === "POST") return text;
  throw new ApiError(21403, `CallbackMethod is not a valid HTTP method: '${text}'`);
}

function recurrenceOf(text: string): TriggerRecurrence | "" {
  if (text === "" || RECURRENCES.includes(text)) return text as TriggerRecurrence | "";
  throw invalidParameter("Recurring", text);
}

function triggerBody(simulation: Simulation, trigger: UsageTrigger): Record<string, unknown> {
  const base = `/2010-04-01/Accounts/${trigger.accountSid}/Usage`;
  return {
    sid: trigger.sid,
    account_sid: trigger.accountSid,
    friendly_name: trigger.friendlyName,
    usage_category: trigger.usageCategory,
    trigger_by: trigger.triggerBy,
    trigger_value: String(trigger.triggerValue),
    current_value: shortAmount(currentValue(simulation, trigger)),
    callback_url: trigger.callbackUrl,
    callback_method: trigger.callbackMethod,
    recurring: trigger.recurring === "" ? null : trigger.recurring,
    date_created: rfc2822(trigger.createdAt),
    date_updated: rfc2822(trigger.updatedAt),
    date_fired: trigger.firedAt === null ? null : rfc2822(trigger.firedAt),
    api_version: "2010-04-01",
    uri: `${base}/Triggers/${trigger.sid}.json`,
    usage_record_uri: usageRecordUri(trigger),
  };
}
