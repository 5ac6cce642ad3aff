import fc from "fast-check";
import { parse } from "smol-toml";
import type { Caller } from "../../support/tenants.ts";
import { formBody, jsonBody } from "./bodies.ts";
import type { Credential } from "./request.ts";
import { text } from "./values.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Requests that a function might accept before the fuzz changes them. */
export interface Endpoint {
  /** The credentials it accepts. */
  admits: readonly [Credential, ...Credential[]];
  shapes: readonly Shape[];
}

interface Shape {
  method: string;
  path: string;
  query: fc.Arbitrary<string>;
  type: string | null;
  body: fc.Arbitrary<Bytes | null>;
}

/** A query similar to one of the templates. */
function queryOf(...templates: Record<string, string>[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...templates), fc.nat(30), fc.option(text, { freq: 2 }), fc.boolean()).map(
    ([template, at, value, twice]) => {
      const parameters = new URLSearchParams(template);
      const names = [...parameters.keys()];
      const name = names[at % names.length];
      if (name !== undefined && value !== null) parameters.set(name, value.toWellFormed().slice(0, 2_000));
      if (name !== undefined && twice && value !== null) parameters.append(name, "again");
      return parameters.size === 0 ? "" : `?${parameters}`;
    },
  );
}

const none = fc.constant("");
const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";
const get = (path: string, query: fc.Arbitrary<string>): Shape => ({
  method: "GET",
  path,
  query,
  type: null,
  body: fc.constant(null),
});
const post = (path: string, ...templates: unknown[]): Shape => ({
  method: "POST",
  path,
  query: none,
  type: JSON_TYPE,
  body: jsonBody(templates),
});
const form = (path: string, query: fc.Arbitrary<string>, ...templates: Record<string, string>[]): Shape => ({
  method: "POST",
  path,
  query,
  type: FORM_TYPE,
  body: formBody(templates),
});

const MOMENT = "2026-01-01T00:00:00.123456Z";
/** Encoded like `next` of a list, because an attacker may decode cursors. */
const cursorOf = (key: unknown[]) => btoa(JSON.stringify(key)).replaceAll("=", "");
const UNKNOWN = "a0000000-0000-4000-8000-000000000001";
const event = (type: string, object: Record<string, unknown>) => ({
  id: `evt_${crypto.randomUUID()}`,
  object: "event",
  type,
  created: 1_763_800_000,
  api_version: "2026-01-28.preview",
  livemode: false,
  data: { object },
});

/** Every function by its name. `aliceId` is the tenant; operators may change the account of `bobId` in any way. */
export function endpoints(alice: Caller, bobId: string): Readonly<Record<string, Endpoint>> {
  const held = (userId = bobId) => ({ userId, reason: "fuzz" });
  const sid = `SM${"1".repeat(32)}`;
  const status = { MessageSid: sid, AccountSid: alice.accountSid, MessageStatus: "delivered", ErrorCode: "30003" };
  const inbound = {
    MessageSid: sid,
    AccountSid: alice.accountSid,
    From: "+17075550199", // not a recipient of other requests: a STOP would end the sending
    To: alice.number,
    Body: "Hello",
    NumMedia: "1",
    NumSegments: "1",
    MediaUrl0: "https://a.test/b.png",
    OptOutType: "STOP",
  };
  const metadata = { user_id: alice.id };
  return {
    "provision-subaccount": {
      admits: ["tenant", "operator"],
      shapes: [get("", queryOf({}, { userId: UNKNOWN })), post("", {}), post("/", { userId: UNKNOWN })],
    },
    "list-numbers": {
      admits: ["tenant", "operator"],
      shapes: [get("", queryOf({}, { source: "master" })), get("/overview", queryOf({}, { userId: UNKNOWN }))],
    },
    "search-numbers": {
      admits: ["tenant", "operator"],
      shapes: [get(
        "",
        queryOf(
          { country: "US", type: "local", areaCode: "415", limit: "2" },
          { country: "DE", type: "mobile", contains: "49*7" },
          {
            country: "US",
            locality: "San Francisco",
            region: "CA",
            sms: "true",
            mms: "false",
            voice: "true",
            limit: "50",
          },
        ),
      )],
    },
    "buy-number": {
      admits: ["tenant", "operator"],
      shapes: [post(
        "",
        { phoneNumber: "+16285550100", friendlyName: "A line" },
        { phoneNumber: "+61412345678", addressSid: `AD${"0".repeat(32)}`, bundleSid: `BU${"0".repeat(32)}` },
      )],
    },
    "cancel-subscription": {
      admits: ["tenant", "operator"],
      shapes: [post("", { when: "period_end" }, { subscriptionId: "sub_1Unknown", when: "never" })],
    },
    "change-plan": {
      admits: ["tenant", "operator"],
      shapes: [post("", { plan: "team" }, { plan: "gold" })],
    },
    "claim-subscription": {
      admits: ["tenant", "operator"],
      shapes: [post("", {}, { subscriptionId: "sub_1Unknown" })],
    },
    "create-checkout": {
      admits: ["tenant", "operator"],
      shapes: [post(
        "",
        { plan: "team" },
        { plan: "starter", successUrl: "https://evil.example.com/{CHECKOUT_SESSION_ID}", cancelUrl: "javascript:0" },
      )],
    },
    "billing-portal": {
      admits: ["tenant", "operator"],
      shapes: [post("", {}, { returnUrl: "https://evil.example.com/" })],
    },
    "set-primary-number": { admits: ["tenant", "operator"], shapes: [post("", { numberId: UNKNOWN })] },
    "rename-number": {
      admits: ["tenant", "operator"],
      shapes: [post("", { numberId: UNKNOWN, friendlyName: "A line" })],
    },
    "release-number": {
      admits: ["tenant", "operator"],
      shapes: [post("", { numberId: UNKNOWN, confirmPhoneNumber: alice.number }, { numberId: UNKNOWN })],
    },
    "sync-numbers": { admits: ["tenant", "operator"], shapes: [post("", {}), post("/", { userId: UNKNOWN })] },
    "send-sms": {
      admits: ["tenant", "operator"],
      shapes: [post(
        "",
        { to: "+17075550100", body: "Hello" },
        { to: "+17075550100", body: "Hello", from: alice.number, mediaUrls: ["https://a.test/b.png"] },
        { to: "0151 23456789", defaultCountry: "DE", body: "Hello" },
      )],
    },
    "send-bulk": {
      admits: ["tenant", "operator"],
      shapes: [post(
        "",
        { body: "Hello", recipients: [{ to: "+17075550101" }, { to: "+17075550102" }], dryRun: true },
        {
          body: "Hi {{First Name}}",
          defaultCountry: "US",
          recipients: [{ to: "(707) 555-0104", variables: { "First Name": 7 } }],
        },
        {
          name: "Spring",
          from: alice.number,
          body: "Dear {{name}}, see {{ link }}",
          mediaUrls: ["https://a.test/b.png"],
          recipients: [{ to: "+17075550103", variables: { name: "Ann", link: "https://a.test" } }, { to: "1" }],
          scheduledAt: "2026-12-01T12:00:00Z",
        },
      )],
    },
    "campaigns": {
      admits: ["tenant", "operator"],
      shapes: [
        get("", queryOf({}, { status: "running", limit: "2", cursor: cursorOf([MOMENT, UNKNOWN]) })),
        get(`/${UNKNOWN}`, queryOf({}, { limit: "1" })),
        get(`/${UNKNOWN}/recipients`, queryOf({}, { count: "failed", limit: "2", cursor: cursorOf([3]) })),
        ...["pause", "resume", "cancel", "recipients", "delete"].map((change) => post(`/${UNKNOWN}/${change}`, {})),
      ],
    },
    "list-statements": {
      admits: ["tenant", "operator"],
      shapes: [
        get("", queryOf({}, { limit: "2", cursor: cursorOf([MOMENT, UNKNOWN]) })),
        get(`/${UNKNOWN}`, queryOf({}, { format: "html" })),
      ],
    },
    "list-messages": {
      admits: ["tenant", "operator"],
      shapes: [get(
        "",
        queryOf(
          {},
          { direction: "outbound", status: "sent,delivered", number: alice.number, with: "+17075550100", limit: "2" },
          { since: MOMENT, until: MOMENT, campaignId: UNKNOWN },
          { search: "(707) 555 hel", cursor: cursorOf([MOMENT, UNKNOWN]) },
        ),
      )],
    },
    "list-conversations": {
      admits: ["tenant", "operator"],
      shapes: [get("", queryOf({}, { number: alice.number, limit: "2", cursor: cursorOf([MOMENT, "+1", "+2"]) }))],
    },
    "get-usage": {
      admits: ["tenant", "operator"],
      shapes: [get(
        "",
        queryOf(
          {},
          { by: "day", from: "2026-11-01", until: "2026-12-01", format: "json" },
          { by: "month", from: "2026-01-01", until: "2026-12-01", format: "csv" },
        ),
      )],
    },
    "message-media": {
      admits: ["tenant", "operator"],
      shapes: [
        get("", queryOf({}, { message: UNKNOWN, index: "0" }, { expires: "1893456000", signature: "k1.x" })),
        get("/links", queryOf({}, { message: UNKNOWN })),
      ],
    },
    "contacts": {
      admits: ["tenant", "operator"],
      shapes: [
        get(
          "",
          queryOf({}, { search: "ann", tag: "vip", limit: "2" }, { phoneNumber: "+17075550100" }, {
            cursor: cursorOf([" ann", "+17075550100"]),
          }),
        ),
        get("/tags", queryOf({})),
        post(
          "",
          { phoneNumber: "+17075550100", name: "Ann", notes: "x", tags: ["VIP", "vip"] },
          { phoneNumber: "(707) 555-0100", defaultCountry: "US", name: null, notes: null, tags: null },
        ),
        post("/import", {
          contacts: [{ phoneNumber: "+17075550100", name: "Ann" }, { phoneNumber: 1, tags: ["x"] }],
          defaultCountry: "US",
        }),
        post("/delete", { phoneNumber: "+17075550100" }),
      ],
    },
    "mark-read": {
      admits: ["tenant", "operator"],
      shapes: [post(
        "",
        { number: alice.number, with: "+17075550100", until: MOMENT },
        { number: alice.number, with: "+17075550100", unread: true },
      )],
    },
    "opt-outs": {
      admits: ["tenant", "operator"],
      shapes: [
        get(
          "",
          queryOf({}, { recipient: "+17075550100", from: alice.number, source: "manual", limit: "2" }, {
            cursor: cursorOf([MOMENT, UNKNOWN]),
          }),
        ),
        get("/export", queryOf({})),
        post("", {
          optOuts: [{ recipient: "+17075550100" }, { recipient: 1, from: alice.number, optedOutAt: MOMENT }],
          source: "imported",
        }),
      ],
    },
    "redact-message": { admits: ["tenant", "operator"], shapes: [post("", { messageId: UNKNOWN })] },
    "messaging-settings": {
      admits: ["tenant", "operator"],
      shapes: [
        get("", queryOf({}, { userId: UNKNOWN })),
        post(
          "",
          { stopReply: null, startReply: null, helpReply: null, allowedCountries: null, retentionDays: null },
          { stopReply: "Bye", startReply: "Hi", helpReply: "?", allowedCountries: ["US", "CA"], retentionDays: 3650 },
        ),
      ],
    },
    "forward-webhook": {
      admits: ["tenant", "operator"],
      shapes: [
        get("", queryOf({}, { url: "x" })),
        // A host that does not exist, because a stored URL may be called.
        post("", { url: "https://hooks.invalid/a?b=c" }, { url: "https://hooks.invalid/", rotateSecret: true }, {
          url: null,
        }),
        // Without a body it waits for a host that does not exist: other requests are refused before.
        post("/confirm", { url: "x" }, { confirm: true }),
        get("/deliveries", queryOf({}, { status: "failed", limit: "2", cursor: cursorOf([MOMENT, UNKNOWN]) })),
        get(`/deliveries/${UNKNOWN}`, queryOf({}, { limit: "1" })),
        post(`/deliveries/${UNKNOWN}/replay`, {}),
        post("/test", { url: "x" }, { test: true }),
      ],
    },
    "stripe-webhook": {
      admits: ["signature"],
      shapes: [post(
        "",
        event("checkout.session.completed", {
          id: "cs_1",
          subscription: "sub_1",
          customer: "cus_1",
          client_reference_id: alice.id,
          metadata,
        }),
        event("customer.subscription.updated", { id: "sub_1", customer: "cus_1", status: "active", metadata }),
        event("invoice.paid", {
          id: "in_1",
          customer: "cus_1",
          parent: { subscription_details: { subscription: "sub_1", metadata } },
        }),
        event("customer.deleted", { id: "cus_1" }),
        { ...event("v1.billing.meter.error_report_triggered", {}), created: "2026-01-01T00:00:00.000Z" },
      )],
    },
    "twilio-webhook": {
      admits: ["signature"],
      shapes: [
        form(`/status/${alice.id}`, queryOf({}, { message: UNKNOWN }), status),
        form(`/inbound/${alice.id}`, queryOf({}, { bodySHA256: "0".repeat(64) }), inbound),
        form(`/status/${UNKNOWN}`, none, status),
      ],
    },
    "metrics": {
      admits: ["secret key"],
      shapes: [get("", queryOf({}, { format: "json" })), get("/", queryOf({}, {}))],
    },
    "run-jobs": { admits: ["secret key"], shapes: [post("", { lane: "control" }), post("/", { lane: "messages" })] },
    "admin": {
      admits: ["operator"],
      shapes: [
        get("/tenants", queryOf({}, { after: UNKNOWN, limit: "2" })),
        get("/dead-letters", queryOf({}, { before: "10", limit: "2" })),
        get("/alerts", queryOf({}, { before: UNKNOWN, state: "all", limit: "2" })),
        post("/acknowledge-alert", { alertId: UNKNOWN, reason: "known" }),
        post("/change-alerts", { alertIds: [UNKNOWN], to: "settled", reason: "known" }, {
          alertIds: [UNKNOWN],
          to: "acknowledged",
          reason: "known",
        }),
        post("/settle-alert", { alertId: UNKNOWN, reason: "seen" }),
        post("/cancel-subscription", { subscriptionId: "sub_unknown", atPeriodEnd: true, reason: "gone" }),
        get("/unpaid-accounts", queryOf({}, { after: UNKNOWN, limit: "2" })),
        get("/unpaid-total", queryOf({}, { currency: "USD" })),
        get("/sealing-keys", queryOf({}, { key: "k1" })),
        get(`/tenants/${alice.id}`, queryOf({}, { limit: "2" })),
        get(`/tenants/${alice.id}/timeline`, queryOf({}, { limit: "2", format: "csv" })),
        get("/audit", queryOf({}, { actor: "converge", action: "tenant.suspended", limit: "2", format: "csv" })),
        get("/health", queryOf({}, { lane: "control" })),
        get(`/tenants/${alice.id}/usage`, queryOf({}, { from: "2026-11-01", until: "2026-11-20", format: "csv" })),
        get("/reconciliations", queryOf({}, { account: alice.accountSid, unexplained: "true", limit: "2" })),
        get("/carrier-fees", queryOf({}, { country: "US", limit: "2", format: "csv" })),
        post("/set-carrier-fee", { country: "AQ", channel: "mms", validFrom: "2027-01-01", fee: 0.5, reason: "new" }),
        get("/exchange-rates", queryOf({}, { unit: "USD", currency: "eur", limit: "2", format: "csv" })),
        post("/set-exchange-rate", {
          unit: "SEK",
          currency: "nok",
          validFrom: "2027-01-01",
          rate: 0.95,
          reason: "new",
        }),
        get("/plans", queryOf({}, { plan: "team" })),
        get("/tenant-figures", queryOf({ userIds: `${alice.id},${UNKNOWN}` }, { userIds: UNKNOWN })),
        get("/tenant-emails", queryOf({ userIds: `${alice.id},${UNKNOWN}` }, { userIds: UNKNOWN })),
        get("/revenue", queryOf({}, { from: "2026-10", until: "2026-12", by: "tenant", userId: UNKNOWN, limit: "2" })),
        get("/revenue", queryOf({ by: "tenant", order: "margin", currency: "usd" }, { order: "revenue", limit: "2" })),
        get("/losses", queryOf({}, { by: "tenant", reason: "no_payer", limit: "2", format: "csv" })),
        get("/unbilled", queryOf({}, { state: "pending", lastDay: "2026-11-20", limit: "2", format: "csv" })),
        get("/rejected", queryOf({}, { userId: UNKNOWN, limit: "2", format: "csv" })),
        get("/next-invoice", queryOf({ userId: UNKNOWN }, { userId: alice.id })),
        post("/sync-tenant", held(), held(UNKNOWN)),
        post("/set-tenant-limits", { ...held(UNKNOWN), limits: { spendLimit: 5, maxNumbers: 1 } }, {
          ...held(UNKNOWN),
          limits: null,
          validUntil: "2030-01-01T00:00:00Z",
        }),
        post("/set-plan-limits", { plan: "nothing", limits: { dailyMessageLimit: 5 }, changesSold: true, reason: "x" }),
        post("/provision", held(), held(UNKNOWN), { email: "unknown@switchboard.test", reason: "asked" }),
        post("/suspend", held(), held(UNKNOWN)),
        post("/resume", held(), held(UNKNOWN)),
        post("/close", { ...held(UNKNOWN), confirmSubaccountSid: `AC${"0".repeat(32)}` }),
        post("/move-number", { ...held(), phoneNumber: "+16285550100", to: "tenant" }, {
          ...held(UNKNOWN),
          phoneNumber: alice.number,
          to: "master",
          addressSid: `AD${"0".repeat(32)}`,
          bundleSid: `BU${"0".repeat(32)}`,
        }),
        post(
          "/replay",
          { deadLetter: 1, reason: "fixed" },
          { deadLetters: "all", reason: "fixed" },
          { deadLetters: [1, 2], reason: "fixed" },
          { eventId: "evt_1", reason: "fixed" },
        ),
        post("/rotate-token", held(), held(UNKNOWN)),
        post("/rotate-sealing-keys", { reason: "leaked" }),
        post("/sweep", { reason: "doubt" }),
        post("/set-number-send-rate", { phoneNumber: alice.number, messagesPerSecond: 100, reason: "10DLC" }, {
          phoneNumber: "+14155550100",
          messagesPerSecond: 0.5,
          reason: "slow",
        }),
        post("/nothing", {}),
      ],
    },
  };
}

/** The functions that config.toml deploys. */
export async function deployedFunctions(): Promise<string[]> {
  const file = new URL("../../../supabase/config.toml", import.meta.url);
  const { functions } = parse(await Deno.readTextFile(file)) as { functions?: Record<string, unknown> };
  return Object.keys(functions ?? {}).sort();
}
