import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { requireActive } from "./account-status.ts";
import { accountInPath, authenticate } from "./authentication.ts";
import { notFound } from "./errors.ts";
import type { HttpAnswer, HttpRequest } from "./http.ts";
import type { RequestRecord } from "./journal.ts";
import type { MediaItem } from "./records.ts";
import type { Answer } from "./router.ts";
import type { Simulation } from "./simulation.ts";
import type { Store } from "./store.ts";

/** The path under which the hosts of Twilio's storage are simulated. */
export const STORAGE_PREFIX = "/mms.twiliocdn.com/";

const FILE_PATH = /^\/2010-04-01\/Accounts\/([^/]+)\/Messages\/([^/]+)\/Media\/([^/.]+)$/;
const VALID_SECONDS = 4 * 3600;
/** Signs the URLs of the storage. They are valid for hours and for this process only. */
const KEY = randomBytes(32);

/**
 * Answers `GET …/Media/ME…` without `.json` as Twilio does: a redirect to its storage, on another host, with a signature
 * that is valid for four hours. The request needs the credentials of the account or its parent, unless the setting
 * `mediaAuth` is off. A file that an outbound message names is not stored here: the redirect leads to its own URL.
 *
 * Source: https://www.twilio.com/docs/messaging/api/media-resource ("Twilio enforces HTTP Basic Authentication for all
 * media URLs") and https://help.twilio.com/articles/223183748 (redirect, four hours, mms.twiliocdn.com).
 *
 * @returns null for any other request
 */
export function redirectToMedia(
  simulation: Simulation,
  { method, path, authorization, host }: HttpRequest,
  record: RequestRecord,
): Answer | null {
  const match = FILE_PATH.exec(path);
  if (match === null || method !== "GET") return null;
  const [, accountSid, messageSid, mediaSid] = match as unknown as [string, string, string, string];
  const { store, settings } = simulation;
  if (settings.mediaAuth) {
    const actor = authenticate(store, authorization);
    record.account = actor.sid;
    if (!settings.inactiveAccountsRead) requireActive(simulation, actor);
    accountInPath(store, actor, accountSid, path);
  }
  const item = itemOf(store, accountSid, messageSid, mediaSid);
  if (item === undefined) throw notFound(path);
  if (item.content === null) return { status: 307, location: item.url };
  const expires = Math.floor(Date.now() / 1000) + VALID_SECONDS;
  const stored = `${STORAGE_PREFIX}${accountSid}/${messageSid}/${mediaSid}`;
  const signature = sign(stored, String(expires));
  return { status: 307, location: `http://${otherHost(host)}${stored}?Expires=${expires}&Signature=${signature}` };
}

/**
 * Serves a stored file, or a range of it. A request with credentials is refused, as S3 does: a client that forwards them
 * to the storage is noticed.
 */
export function answerStorage({ store, log }: Simulation, request: HttpRequest): HttpAnswer {
  const { method, path, query, authorization, range } = request;
  log(`${method} ${path}`);
  if (method !== "GET") return refused(405, "MethodNotAllowed");
  if (authorization !== undefined) return refused(400, "Only one auth mechanism allowed");
  const expires = query.get("Expires") ?? "";
  if (!isEqual(sign(path, expires), query.get("Signature") ?? "")) return refused(403, "Access Denied");
  if (!(Number(expires) > Date.now() / 1000)) return refused(403, "Request has expired");
  const [accountSid = "", messageSid = "", mediaSid = ""] = path.slice(STORAGE_PREFIX.length).split("/");
  const item = itemOf(store, accountSid, messageSid, mediaSid);
  if (item?.content == null) return refused(404, "NoSuchKey");
  return fileOf(item.contentType, new Uint8Array(Buffer.from(item.content, "base64")), range);
}

function fileOf(contentType: string, bytes: Uint8Array<ArrayBuffer>, range: string | undefined): HttpAnswer {
  const headers = { "content-type": contentType, "accept-ranges": "bytes" };
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  // As RFC 9110 asks, a range that ends before it begins is ignored, and one without a first byte counts from the end.
  const isRange = first === "" ? last !== "" : last === "" || Number(first) <= Number(last);
  if (!isRange) return { status: 200, headers: { ...headers, ...lengthOf(bytes) }, body: bytes };
  const from = first === "" ? Math.max(0, bytes.length - Number(last)) : Number(first);
  const part = bytes.slice(from, first === "" || last === "" ? undefined : Number(last) + 1);
  if (part.length === 0) return refused(416, "InvalidRange");
  const contentRange = `bytes ${from}-${from + part.length - 1}/${bytes.length}`;
  return { status: 206, headers: { ...headers, ...lengthOf(part), "content-range": contentRange }, body: part };
}

const lengthOf = (bytes: Uint8Array) => ({ "content-length": String(bytes.length) });

function refused(status: number, reason: string): HttpAnswer {
  return { status, headers: { "content-type": "text/plain" }, body: reason };
}

function itemOf(store: Store, accountSid: string, messageSid: string, mediaSid: string): MediaItem | undefined {
  const message = store.messages.get(messageSid);
  return message?.accountSid === accountSid ? message.media.find(({ sid }) => sid === mediaSid) : undefined;
}

/** Another name of this machine, if the request came to a loopback name: the storage is another host to clients. */
function otherHost(host: string): string {
  const [name = "", port] = host.split(":");
  const other = name === "127.0.0.1" ? "localhost" : name === "localhost" ? "127.0.0.1" : name;
  return port === undefined ? other : `${other}:${port}`;
}

function sign(path: string, expires: string): string {
  return createHmac("sha256", KEY).update(`${path} ${expires}`).digest("base64url");
}

function isEqual(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
