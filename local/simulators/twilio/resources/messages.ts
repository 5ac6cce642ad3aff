import { DAY_MS, isoDay, rfc2822, startOfDay } from "../dates.ts";
import { ApiError, DELIVERY_ERRORS, invalidParameter, notFound } from "../errors.ts";
import { startLifecycle } from "../message-lifecycle.ts";
import { readMessageRequest } from "../message-request.ts";
import { addMessage } from "../messages.ts";
import { page } from "../paging.ts";
import { toE164 } from "../phone-numbers.ts";
import type { MediaItem, Message } from "../records.ts";
import type { Answer, ApiCall, Route } from "../router.ts";
import type { Settings } from "../simulation.ts";

const BASE = "/2010-04-01/Accounts/:account/Messages";

/** `/Messages`: send, read, redact, cancel and delete messages. */
export const messageRoutes: Route[] = [
  { method: "POST", pattern: BASE, needsActiveAccount: true, handle: createMessage },
  { method: "GET", pattern: BASE, handle: listMessages },
  { method: "GET", pattern: `${BASE}/:sid`, handle: (call) => ({ status: 200, body: messageBody(messageOf(call)) }) },
  { method: "POST", pattern: `${BASE}/:sid`, handle: updateMessage },
  { method: "DELETE", pattern: `${BASE}/:sid`, handle: deleteMessage },
  { method: "GET", pattern: `${BASE}/:sid/Media`, handle: listMedia },
  { method: "GET", pattern: `${BASE}/:sid/Media/:media`, handle: fetchMedia },
  { method: "DELETE", pattern: `${BASE}/:sid/Media/:media`, handle: deleteMedia },
];

function createMessage({ simulation, account, form, method, path }: ApiCall): Answer {
  const request = readMessageRequest(simulation.store, simulation.settings, account, form);
  const message = addMessage(simulation.store, {
    ...request,
    accountSid: account.sid,
    direction: "outbound-api",
    status: request.sendAt !== null ? "scheduled" : request.messagingServiceSid ? "accepted" : "queued",
    callbackFault: simulation.faults.takeCallbackFault(method, path),
  });
  const body = messageBody(message);
  startLifecycle(simulation, message);
  return { status: 201, body };
}

function listMessages(call: ApiCall): Answer {
  const { query, simulation, account } = call;
  const [to, from] = [numberFilter(query.get("To")), numberFilter(query.get("From"))];
  const isInTime = dateSentFilter(query, simulation.settings.listQueuedByDateSent);
  const messages = simulation.store.messagesOf(account.sid)
    .filter((message) => isReadable(message, simulation.settings))
    .filter((message) => to === null || message.to === to)
    .filter((message) => from === null || message.from === from)
    .filter(isInTime)
    .sort((left, right) => right.seq - left.seq);
  return { status: 200, body: page(call, "messages", messages, messageBody) };
}

/** An empty `Body` redacts a message. `Status=canceled` cancels a scheduled one. No other change is possible. */
function updateMessage(call: ApiCall): Answer {
  const message = messageOf(call);
  const body = call.form.get("Body");
  const status = call.form.get("Status");
  if (body !== null && body !== "") {
    throw new ApiError(20009, "Cannot update the message: its Body can only be redacted, with an empty string");
  }
  if (status !== null && (status !== "canceled" || message.status !== "scheduled")) {
    throw new ApiError(30409, `Cannot cancel the message: it is ${message.status}`);
  }
  if (body === "" && isWaiting(message) && status === null) {
    throw new ApiError(20009, "Cannot redact the message: it is not yet sent");
  }
  if (body === "") message.body = "";
  if (status === "canceled") message.status = "canceled";
  message.updatedAt = Date.now();
  call.simulation.store.changed();
  return { status: 200, body: messageBody(message) };
}

function deleteMessage(call: ApiCall): Answer {
  const message = messageOf(call);
  if (isWaiting(message)) throw new ApiError(20009, "Cannot delete the message: it is not yet sent");
  call.simulation.store.messages.delete(message.sid);
  call.simulation.store.changed();
  return { status: 204 };
}

function listMedia(call: ApiCall): Answer {
  const message = messageOf(call);
  return { status: 200, body: page(call, "media_list", message.media, (item) => mediaBody(message, item)) };
}

function fetchMedia(call: ApiCall): Answer {
  const message = messageOf(call);
  const item = message.media.find((media) => media.sid === call.params["media"]);
  if (!item) throw notFound(call.path);
  return { status: 200, body: mediaBody(message, item) };
}

function deleteMedia(call: ApiCall): Answer {
  const message = messageOf(call);
  const index = message.media.findIndex((media) => media.sid === call.params["media"]);
  if (index < 0) throw notFound(call.path);
  message.media.splice(index, 1);
  call.simulation.store.changed();
  return { status: 204 };
}

function isWaiting(message: Message): boolean {
  return message.status === "queued" || message.status === "accepted" || message.status === "scheduled";
}

function messageOf({ simulation, account, params, path }: ApiCall): Message {
  const message = simulation.store.messages.get(params["sid"] ?? "");
  if (message?.accountSid !== account.sid || !isReadable(message, simulation.settings)) throw notFound(path);
  return message;
}

function isReadable(message: Message, { readDelayMs }: Settings): boolean {
  return Date.now() >= message.createdAt + readDelayMs;
}

function numberFilter(text: string | null): string | null {
  return text === null ? null : toE164(text) ?? text;
}

/**
 * Filters by `DateSent`, `DateSent>` and `DateSent<` (both inclusive). `DateSent` selects a day (UTC), also when its value
 * is an instant, because the SDKs send a day as its midnight. The bounds are days or instants. With `listsQueued`, a
 * message that is not yet sent is filtered by its creation time; otherwise no `DateSent` filter lists it.
 */
function dateSentFilter(query: URLSearchParams, listsQueued: boolean): (message: Message) => boolean {
  const on = dateRange("DateSent", query.get("DateSent"));
  const day = on && { from: startOfDay(on.from), until: startOfDay(on.from) + DAY_MS };
  const after = dateRange("DateSent>", query.get("DateSent>"));
  const before = dateRange("DateSent<", query.get("DateSent<"));
  if (!day && !after && !before) return () => true;
  return ({ sentAt, createdAt }) => {
    const at = sentAt ?? (listsQueued ? createdAt : null);
    if (at === null || (day && (at < day.from || at >= day.until))) return false;
    return (!after || at >= after.from) && (!before || at < before.until);
  };
}

/** A day, or an instant whose time zone is UTC unless it has an offset. */
const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?)?$/;

/** Returns the range of a filter value: the complete day, or the complete second of an instant. */
function dateRange(name: string, text: string | null): { from: number; until: number } | undefined {
  if (text === null) return undefined;
  const [, day = "", time, zone = "Z"] = DATE.exec(text) ?? [];
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const from = time === undefined ? midnight : Date.parse(`${day}T${time}${zone}`);
  if (Number.isNaN(from) || isoDay(midnight) !== day) throw invalidParameter(name, text);
  return { from, until: from + (time === undefined ? DAY_MS : 1000) };
}

/** Returns the JSON body of a message. Counts and prices are strings, the error code is a number. */
export function messageBody(message: Message): Record<string, unknown> {
  const uri = `/2010-04-01/Accounts/${message.accountSid}/Messages/${message.sid}`;
  return {
    sid: message.sid,
    account_sid: message.accountSid,
    messaging_service_sid: message.messagingServiceSid,
    from: message.from,
    to: message.to,
    body: message.body,
    status: message.status,
    direction: message.direction,
    num_segments: String(message.numSegments),
    num_media: String(message.media.length),
    price: message.price?.toFixed(5) ?? null,
    price_unit: message.price === null ? null : (message.priceUnit ?? "usd").toUpperCase(),
    error_code: message.errorCode,
    error_message: message.errorCode === null ? null : DELIVERY_ERRORS[message.errorCode] ?? "Unknown error",
    date_created: rfc2822(message.createdAt),
    date_updated: rfc2822(message.updatedAt),
    date_sent: message.sentAt === null ? null : rfc2822(message.sentAt),
    api_version: "2010-04-01",
    uri: `${uri}.json`,
    subresource_uris: { media: `${uri}/Media.json` },
  };
}

function mediaBody(message: Message, item: MediaItem): Record<string, unknown> {
  return {
    sid: item.sid,
    parent_sid: message.sid,
    account_sid: message.accountSid,
    content_type: item.contentType,
    date_created: rfc2822(message.createdAt),
    date_updated: rfc2822(message.createdAt),
    uri: `/2010-04-01/Accounts/${message.accountSid}/Messages/${message.sid}/Media/${item.sid}.json`,
  };
}
