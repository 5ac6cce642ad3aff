import { rfc2822 } from "../dates.ts";
import { ApiError, invalidParameter, notFound } from "../errors.ts";
import { newSid } from "../identifiers.ts";
import { page } from "../paging.ts";
import type { HttpMethod, TriggerRecurrence, UsageTrigger } from "../records.ts";
import type { Answer, ApiCall, Route } from "../router.ts";
import { amount, currentValue, fireTriggers } from "../trigger-firing.ts";
import { USAGE_CATEGORIES } from "../usage.ts";
import type { Store } from "../store.ts";
import { isHttpUrl } from "./incoming-number-settings.ts";

const BASE = "/2010-04-01/Accounts/:account/Usage/Triggers";
const RECURRENCES = ["daily", "monthly", "yearly", "alltime"];

/** `/Usage/Triggers`: webhooks that are sent when the usage of an account reaches a value. */
export const usageTriggerRoutes: Route[] = [
  { method: "POST", pattern: BASE, handle: createTrigger },
  { method: "GET", pattern: BASE, handle: listTriggers },
  { method: "GET", pattern: `${BASE}/:sid`, handle: fetchTrigger },
  { method: "POST", pattern: `${BASE}/:sid`, handle: updateTrigger },
  { method: "DELETE", pattern: `${BASE}/:sid`, handle: deleteTrigger },
];

function createTrigger({ simulation, account, form }: ApiCall): Answer {
  const { store } = simulation;
  const now = Date.now();
  const trigger: UsageTrigger = {
    seq: store.nextSeq(),
    sid: newSid("UT"),
    accountSid: account.sid,
    friendlyName: form.get("FriendlyName") ?? "",
    usageCategory: categoryOf(form.get("UsageCategory") ?? ""),
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
  trigger.triggerValue = triggerValueOf(form.get("TriggerValue") ?? "", store, trigger);
  store.triggers.set(trigger.sid, trigger);
  store.changed();
  fireTriggers(simulation, account.sid);
  return { status: 201, body: triggerBody(store, trigger) };
}

function listTriggers(call: ApiCall): Answer {
  const { store } = call.simulation;
  const category = call.query.get("UsageCategory");
  const recurring = call.query.get("Recurring");
  const triggers = [...store.triggers.values()]
    .filter((trigger) => trigger.accountSid === call.account.sid)
    .filter((trigger) => category === null || trigger.usageCategory === category)
    .filter((trigger) => recurring === null || trigger.recurring === recurring)
    .reverse();
  return { status: 200, body: page(call, "usage_triggers", triggers, (trigger) => triggerBody(store, trigger)) };
}

function fetchTrigger(call: ApiCall): Answer {
  return { status: 200, body: triggerBody(call.simulation.store, triggerOf(call)) };
}

function updateTrigger(call: ApiCall): Answer {
  const trigger = triggerOf(call);
  const { form, simulation } = call;
  const callbackUrl = form.get("CallbackUrl");
  const callbackMethod = form.get("CallbackMethod");
  if (callbackUrl !== null) trigger.callbackUrl = callbackUrlOf(callbackUrl);
  if (callbackMethod !== null) trigger.callbackMethod = methodOf(callbackMethod);
  trigger.friendlyName = form.get("FriendlyName") ?? trigger.friendlyName;
  trigger.updatedAt = Date.now();
  simulation.store.changed();
  return { status: 200, body: triggerBody(simulation.store, trigger) };
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

function categoryOf(text: string): string {
  if (!USAGE_CATEGORIES[text]) throw invalidParameter("UsageCategory", text);
  return text;
}

function triggerByOf(text: string): UsageTrigger["triggerBy"] {
  if (text === "count" || text === "usage" || text === "price") return text;
  throw invalidParameter("TriggerBy", text);
}

/** Parses a value. With a leading `+` it is added to the current value. */
function triggerValueOf(text: string, store: Store, trigger: UsageTrigger): number {
  if (!/^\+?\d+(\.\d+)?$/.test(text)) throw invalidParameter("TriggerValue", text);
  return Number(text) + (text.startsWith("+") ? currentValue(store, trigger) : 0);
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

function triggerBody(store: Store, trigger: UsageTrigger): Record<string, unknown> {
  const base = `/2010-04-01/Accounts/${trigger.accountSid}/Usage`;
  return {
    sid: trigger.sid,
    account_sid: trigger.accountSid,
    friendly_name: trigger.friendlyName,
    usage_category: trigger.usageCategory,
    trigger_by: trigger.triggerBy,
    trigger_value: String(trigger.triggerValue),
    current_value: amount(currentValue(store, trigger)),
    callback_url: trigger.callbackUrl,
    callback_method: trigger.callbackMethod,
    recurring: trigger.recurring === "" ? null : trigger.recurring,
    date_created: rfc2822(trigger.createdAt),
    date_updated: rfc2822(trigger.updatedAt),
    date_fired: trigger.firedAt === null ? null : rfc2822(trigger.firedAt),
    api_version: "2010-04-01",
    uri: `${base}/Triggers/${trigger.sid}.json`,
    usage_record_uri: `${base}/Records.json?Category=${trigger.usageCategory}`,
  };
}
