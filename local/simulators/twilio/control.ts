import { Buffer } from "node:buffer";
import * as z from "zod";
import { statusOf } from "./account-status.ts";
import { type Control, json, jsonBody } from "./control-http.ts";
import type { HttpAnswer, HttpRequest } from "./http.ts";
import { receiveText } from "./inbound.ts";
import { phonesOf } from "./phones.ts";
import { toE164 } from "./phone-numbers.ts";
import { BUNDLE_STATUSES } from "./records.ts";
import { addBundle } from "./resources/bundles.ts";
import type { Settings, Simulation } from "./simulation.ts";
import type { Store } from "./store.ts";
import { stateSummary } from "./state-summary.ts";
import { evaluateRegularly } from "./trigger-firing.ts";
import { usageControls } from "./usage-control.ts";

const PhoneNumberText = z.string().transform((text, context) => {
  const number = toE164(text);
  if (number) return number;
  context.addIssue({ code: "custom", message: `"${text}" is not a phone number` });
  return z.NEVER;
});

/** 5 MB in base64: Twilio accepts no more in one message. */
const MAX_MEDIA_LENGTH = 5 * 1024 * 1024 * 4 / 3;

const Inbound = z.strictObject({
  from: PhoneNumberText,
  to: PhoneNumberText,
  body: z.string().max(1600).default(""),
  media: z.array(z.strictObject({
    contentType: z.string().regex(/^[\w.+-]+\/[\w.+-]+$/),
    content: z.base64().max(MAX_MEDIA_LENGTH),
  })).max(10).default([]),
});

const NewOutcome = z.strictObject({
  to: PhoneNumberText,
  status: z.enum(["sent", "delivered", "undelivered", "failed"]),
  errorCode: z.int().nullable().default(null),
});

const Milliseconds = z.int().min(0).max(600_000);
const CarrierFees = z.strictObject({
  sms: z.number().min(0),
  mms: z.number().min(0),
  smsInbound: z.number().min(0),
  mmsInbound: z.number().min(0),
}).partial();

const NewSettings = z.strictObject({
  latencyMs: Milliseconds,
  lifecycle: z.strictObject({ sentMs: Milliseconds, deliveredMs: Milliseconds, priceMs: Milliseconds }),
  inactiveAccountCode: z.union([20003, 20005, 20403, 10001, 90010].map((code) => z.literal(code))),
  allowLocalCallbacks: z.boolean(),
  maxSubaccounts: z.int().min(0),
  advancedOptOut: z.boolean(),
  keywordHandling: z.boolean(),
  trialVerifiedNumbers: z.array(PhoneNumberText).nullable(),
  mediaAuth: z.boolean(),
  listQueuedByDateSent: z.boolean(),
  readDelayMs: Milliseconds,
  masterSuspended: z.boolean(),
  funds: z.number().nullable(),
  inactiveAccountsRead: z.boolean(),
  minScheduleMs: z.int().min(0),
  scheduleWithoutService: z.enum(["send", "refuse"]),
  refuseLandlines: z.boolean(),
  regulations: z.record(
    z.string().regex(/^[A-Z]{2}( (local|mobile|toll-free))?$/, "must be a country, or a country and a type: GB mobile"),
    z.strictObject({
      address: z.enum(["none", "any", "local", "foreign"]).default("none"),
      bundle: z.boolean().default(false),
    }),
  ),
  usageDelayMs: z.int().min(0),
  usageClockMs: z.int(),
  inboundPriceMs: z.int().min(0).nullable(),
  carrierFees: z.record(z.string().regex(/^[A-Z]{2}$/, "must be a country"), CarrierFees),
  carrierFeeMs: z.int().min(0),
  triggerIntervalMs: z.int().min(10),
}).partial();

/** A new bundle, or Twilio's decision on one. */
const BundleRequest = z.union([
  z.strictObject({ sid: z.string(), status: z.enum(BUNDLE_STATUSES) }),
  z.strictObject({
    accountSid: z.string(),
    isoCountry: z.string().length(2),
    numberType: z.enum(["local", "mobile", "toll-free"]).nullable().default(null),
    status: z.enum(BUNDLE_STATUSES).default("twilio-approved"),
  }),
]);

/**
 * Returns the handlers of `/_sim` by method and path.
 *
 * Examples: `POST /_sim/faults {"match":"POST /Messages","kind":"error:21611"}` answers the next message with 21611,
 * `POST /_sim/settings {"masterSuspended":true}` suspends all accounts, and
 * `POST /_sim/bundles {"sid":"BU…","status":"twilio-approved"}` approves a bundle.
 * @param reset restores the initial state of the simulator
 */
export function controlRoutes(reset: () => void): Record<string, Control> {
  return {
    "GET /_sim/faults": ({ faults }) => json(200, { faults: faults.list() }),
    "POST /_sim/faults": ({ faults }, request) => json(201, faults.add(jsonBody(request))),
    "DELETE /_sim/faults": ({ faults }) => {
      faults.clear();
      return { status: 204, headers: {}, body: "" };
    },
    "GET /_sim/requests": ({ requests }, { query }) =>
      json(200, { requests: requests.since(sinceOf(query)), last: requests.lastId, cleared: requests.cleared }),
    "GET /_sim/callbacks": ({ callbacks }, { query }) =>
      json(200, { callbacks: callbacks.since(sinceOf(query)), last: callbacks.lastId, cleared: callbacks.cleared }),
    "POST /_sim/inbound": takeInbound,
    "GET /_sim/outcomes": ({ store }) => json(200, { outcomes: outcomesOf(store.outcomes) }),
    "POST /_sim/outcomes": ({ store }, request) => {
      const { to, status, errorCode } = NewOutcome.parse(jsonBody(request));
      store.outcomes.set(to, { status, errorCode });
      store.changed();
      return json(201, { to, status, errorCode });
    },
    "DELETE /_sim/outcomes": ({ store }) => {
      store.outcomes.clear();
      store.changed();
      return { status: 204, headers: {}, body: "" };
    },
    "POST /_sim/bundles": takeBundle,
    "GET /_sim/settings": ({ settings }) => json(200, settings),
    "POST /_sim/settings": (simulation, request) => {
      const { settings, store } = simulation;
      const changed = NewSettings.parse(jsonBody(request)) as Partial<Settings>;
      Object.assign(settings, changed);
      if (changed.triggerIntervalMs !== undefined) evaluateRegularly(simulation);
      store.changed();
      return json(200, settings);
    },
    ...usageControls,
    "GET /_sim/media": ({ store }, { query }) => mediaFile(store, query.get("sid")),
    "GET /_sim/state": (simulation) => json(200, stateSummary(simulation)),
    "GET /_sim/phones": (simulation) => json(200, phonesOf(simulation)),
    "GET /_sim/events": watchStore,
    "POST /_sim/reset": () => {
      reset();
      return { status: 204, headers: {}, body: "" };
    },
  };
}

/** Answers a `/_sim` request. A body that does not match its schema gets 400 with the validation errors. */
export async function answerControl(
  routes: Record<string, Control>,
  simulation: Simulation,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const control = routes[`${request.method} ${request.path}`];
  if (!control) return json(404, { message: `Cannot find the control ${request.method} ${request.path}` });
  try {
    return await control(simulation, request);
  } catch (error) {
    if (error instanceof z.ZodError) return json(400, { message: z.prettifyError(error), issues: error.issues });
    if (error instanceof SyntaxError) return json(400, { message: `Cannot parse the body as JSON: ${error.message}` });
    throw error;
  }
}

async function takeInbound(simulation: Simulation, request: HttpRequest): Promise<HttpAnswer> {
  const text = Inbound.parse(jsonBody(request));
  if (text.body === "" && text.media.length === 0) {
    return json(400, { message: "Cannot send the text: it has neither a body nor media" });
  }
  const number = simulation.store.ownerOf(text.to);
  if (!number) return json(404, { message: `Cannot deliver the text: no account owns ${text.to}` });
  const account = simulation.store.accounts.get(number.accountSid);
  const status = account && statusOf(simulation, account);
  if (status !== "active") {
    return json(409, { message: `Cannot deliver the text: the account that owns ${text.to} is ${status}` });
  }
  const fault = simulation.faults.takeCallbackFault(request.method, request.path);
  return json(201, await receiveText(simulation, number, text, fault));
}

/** A file of a received message, for the page, which has no credentials. A sandbox keeps HTML in it from acting. */
function mediaFile(store: Store, sid: string | null): HttpAnswer {
  const item = [...store.messages.values()].flatMap(({ media }) => media).find((item) => item.sid === sid);
  if (item?.content == null) return json(404, { message: `Cannot find the file "${sid}"` });
  const headers = {
    "content-type": item.contentType,
    "content-security-policy": "default-src 'none'; img-src 'self'; media-src 'self'; sandbox",
    "x-content-type-options": "nosniff",
  };
  return { status: 200, headers, body: new Uint8Array(Buffer.from(item.content, "base64")) };
}

/** Creates a bundle for an account, approved unless it has another status, or sets the status of a bundle. */
function takeBundle({ store }: Simulation, request: HttpRequest): HttpAnswer {
  const wanted = BundleRequest.parse(jsonBody(request));
  if ("accountSid" in wanted) {
    if (store.accounts.has(wanted.accountSid)) return json(201, addBundle(store, wanted));
    return json(404, { message: `Cannot create the bundle: there is no account "${wanted.accountSid}"` });
  }
  const bundle = store.bundles.get(wanted.sid);
  if (!bundle) return json(404, { message: `Cannot set the status: there is no bundle "${wanted.sid}"` });
  bundle.status = wanted.status;
  bundle.updatedAt = Date.now();
  store.changed();
  return json(200, bundle);
}

/** Streams server-sent events: `changed` with the store's revision after each change, at most ten per second. */
function watchStore({ store, timers }: Simulation): HttpAnswer {
  return {
    status: 200,
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    stream: (write) => {
      let isDue = false;
      const notify = () => {
        isDue = false;
        write(`event: changed\ndata: ${store.revision}\n\n`);
      };
      notify();
      return store.onChange(() => {
        if (isDue) return;
        isDue = true;
        timers.after(100, notify);
      });
    },
  };
}

function outcomesOf(outcomes: Simulation["store"]["outcomes"]): Record<string, unknown>[] {
  return [...outcomes].map(([to, outcome]) => ({ to, ...outcome }));
}

function sinceOf(query: URLSearchParams): number {
  return z.coerce.number().int().min(0).parse(query.get("since") ?? 0);
}
