import assert from "node:assert/strict";
import { type Actor, type Answer, callFunction } from "../../local/driver/actor.ts";
import { readContracts } from "../../local/openapi/contracts.ts";
import { ledgerOf } from "../support/ledger.ts";
import { ownStage, test } from "../support/stage.ts";
import { newcomer } from "../support/tenants.ts";

/** A fiftieth of every limit: a user may provision once, buy once, search twice, send three times and call twelve times a minute. */
const { stage } = ownStage({ env: { RATE_LIMIT_FACTOR: "0.02", MASTER_FALLBACK: "on", SELF_PROVISIONING: "anyone" } });

/** More requests than any limit allows at this factor. */
const MORE_THAN_ANY_LIMIT = 6;

const codes = (answers: Answer[]) => answers.map(({ status, body }) => `${status} ${body.code ?? ""}`.trim());

test("a user beyond the rate limit gets 429 rate_limited with Retry-After, and no message is reserved", async () => {
  const ada = await newcomer(stage, "ada");
  const message = { to: "+14155550100", body: "hi" };
  const answers: Answer[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    answers.push(await ada.call("send-sms", { body: { ...message, from: "+19999999999" } }));
  }
  assert.deepEqual(codes(answers), Array(3).fill("403 number_not_owned"));
  // Through the master account this one would go out.
  const last = await ada.call("send-sms", { body: message });
  assert.equal(codes([last])[0], "429 rate_limited");
  const wait = Number(last.headers.get("retry-after"));
  assert.ok(wait >= 1 && wait <= 60, String(wait));
  assert.deepEqual(await ledgerOf(stage, ada), []);
});

test("buying, searching and provisioning have separate rate limits", async () => {
  const ben = await newcomer(stage, "ben");
  const buys = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    buys.push(await ben.call("buy-number", { body: { phoneNumber: "+14155550199" } }));
  }
  assert.deepEqual(codes(buys), ["409 subaccount_required", "429 rate_limited"]);
  const searches = [];
  for (let attempt = 0; attempt < 3; attempt++) searches.push(await ben.call("search-numbers"));
  assert.equal(codes(searches).at(-1), "429 rate_limited");
  assert.equal((await ben.call("provision-subaccount", { method: "POST" })).status, 201);
  assert.deepEqual(codes([await ben.call("provision-subaccount", { method: "POST" })]), ["429 rate_limited"]);
});

const id = crypto.randomUUID();
const hold = { userId: id, reason: "test" };
const bulk = { body: "Hi", recipients: [{ to: "+14155550100" }], from: "+14155550101" };

/** A valid body of every operation that has one, by function and path. A new operation needs one here. */
const BODIES: Readonly<Record<string, unknown>> = {
  "admin/acknowledge-alert": { alertId: id, reason: "test" },
  "admin/change-alerts": { alertIds: [id], to: "settled", reason: "test" },
  "admin/cancel-subscription": { subscriptionId: "sub_1", reason: "test" },
  "admin/close": hold,
  "admin/move-number": { ...hold, phoneNumber: "+14155550100", to: "master" },
  "admin/offer-number": { phoneNumber: "+14155550100", isOffered: true, reason: "test" },
  "admin/provision": hold,
  "admin/replay": { deadLetter: 1, reason: "test" },
  "admin/resume": hold,
  "admin/rotate-sealing-keys": { reason: "test" },
  "admin/rotate-token": hold,
  "admin/settle-alert": { alertId: id, reason: "test" },
  "admin/set-carrier-fee": { country: "US", channel: "sms", validFrom: "2027-01-01", fee: 0.005, reason: "test" },
  "admin/set-exchange-rate": { unit: "USD", currency: "eur", validFrom: "2027-01-01", rate: 0.9, reason: "test" },
  "admin/set-plan-limits": { plan: "nothing", limits: { maxNumbers: 1 }, reason: "test" },
  "admin/set-tenant-limits": { ...hold, limits: { maxNumbers: 1 } },
  "admin/sync-tenant": hold,
  "admin/set-number-send-rate": { phoneNumber: "+14155550100", messagesPerSecond: 1, reason: "test" },
  "admin/suspend": hold,
  "admin/sweep": { reason: "test" },
  "billing-portal": {},
  "buy-number": { phoneNumber: "+14155550100" },
  "cancel-subscription": {},
  "change-plan": { plan: "gold" },
  "claim-subscription": {},
  "create-checkout": { plan: "gold" },
  "forward-webhook": { url: null },
  "messaging-settings": {
    stopReply: null,
    startReply: null,
    helpReply: null,
    allowedCountries: null,
    retentionDays: null,
  },
  "opt-outs": { optOuts: [{ recipient: "+14155550100" }] },
  "contacts": { phoneNumber: "+14155550100" },
  "contacts/delete": { phoneNumber: "+14155550100" },
  "contacts/import": { contacts: [{ phoneNumber: "+14155550100" }] },
  "mark-read": { number: "+14155550100", with: "+14155550101" },
  "redact-message": { messageId: id },
  "release-number": { numberId: id, confirmPhoneNumber: "+14155550100" },
  "rename-number": { numberId: id, friendlyName: "x" },
  "send-bulk": bulk,
  "send-sms": { to: "+14155550100", body: "hi", from: "+19999999999" },
  "set-primary-number": { numberId: id },
};

/** Expensive forms of operations whose other form is cheaper. */
const EXPENSIVE: Readonly<Record<string, { method: string; path: string; body?: unknown }>> = {
  "a search of list-messages": { method: "GET", path: "list-messages?search=hello" },
  "a search of list-conversations": { method: "GET", path: "list-conversations?search=ann" },
  "a list of failed conversations": { method: "GET", path: "list-conversations?failed=true" },
  "a dry run of send-bulk": { method: "POST", path: "send-bulk", body: { ...bulk, dryRun: true } },
};

/** A valid query of every operation that needs one. */
const QUERIES: Readonly<Record<string, string>> = {
  "admin/next-invoice": `?userId=${id}`,
  "admin/tenant-emails": `?userIds=${id}`,
  "admin/tenant-figures": `?userIds=${id}`,
  "message-media": `?message=${id}&index=0`,
  "message-media/links": `?message=${id}`,
};

/** Reads of the caller's own rows, a page of an index at most. */
const UNLIMITED: readonly string[] = [
  "GET campaigns/{campaignId}",
  "GET forward-webhook",
  "GET forward-webhook/deliveries/{deliveryId}",
  "GET list-conversations",
  "GET list-messages",
  "GET list-numbers",
  "GET message-media/links",
  "GET messaging-settings",
  "GET provision-subaccount",
];

/** Whether a caller is refused beyond some number of requests. */
async function isLimited(actor: Actor, method: string, path: string, body: unknown): Promise<boolean> {
  const request = () => actor.call(path, { method, ...(body !== undefined && { body }) });
  const answers = await Promise.all(Array.from({ length: MORE_THAN_ANY_LIMIT }, request));
  const invalid = answers.find((answer) => answer.body?.code === "invalid_input");
  assert.equal(invalid, undefined, `${method} ${path} needs another body: ${invalid?.body.message}`);
  return answers.some((answer) => answer.body?.code === "rate_limited");
}

test("every operation of a user or an operator has a rate limit, except the listed reads of one's own rows", async () => {
  const unlimited = [];
  for (const [name, { caller, operations }] of Object.entries(await readContracts())) {
    if (caller !== "user" && caller !== "user-or-link" && caller !== "operator") continue;
    for (const { method, path, body } of operations) {
      const key = `${name}${path}`;
      assert.ok(body === undefined || key in BODIES, `BODIES has no body for ${key}`);
      // A caller of their own for each operation: neither another operation's limit nor that of floods refuses them.
      const actor = await newcomer(stage, "cy", caller === "operator" ? { role: "operator" } : {});
      const filled = key.replace(/\{\w+\}/g, crypto.randomUUID()) + (QUERIES[key] ?? "");
      if (!await isLimited(actor, method, filled, body && BODIES[key])) unlimited.push(`${method} ${key}`);
    }
  }
  assert.deepEqual(unlimited.sort(), UNLIMITED);
});

for (const [title, { method, path, body }] of Object.entries(EXPENSIVE)) {
  test(`${title} has a rate limit`, async () => {
    assert.ok(await isLimited(await newcomer(stage, "dee"), method, path, body));
  });
}

test("reading one's own data has no limit but that of a flood, which a neighbour does not notice", async () => {
  const [cy, neighbour] = [await newcomer(stage, "cy"), await newcomer(stage, "neighbour")];
  const read = (times: number) => Promise.all(Array.from({ length: times }, () => cy.call("provision-subaccount")));
  assert.deepEqual([...new Set(codes(await read(12)))], ["200"]);
  const flood = await read(10);
  assert.deepEqual([...new Set(codes(flood))], ["429 rate_limited"]);
  assert.ok(Number(flood[0]?.headers.get("retry-after")) > 0);
  assert.deepEqual(codes([await neighbour.call("provision-subaccount")]), ["200"]);
});

test("of large bodies an isolate reads fewer, before it knows whether they are valid, and a neighbour is not refused", async () => {
  const [cy, neighbour] = [await newcomer(stage, "cy"), await newcomer(stage, "neighbour")];
  const send = async (actor: typeof cy, length: number) =>
    codes([await actor.call("send-bulk", { method: "POST", body: { recipients: "x".repeat(length) } })])[0];
  assert.deepEqual([await send(cy, 70_000), await send(cy, 70_000)], ["400 invalid_input", "429 rate_limited"]);
  assert.deepEqual([await send(cy, 10), await send(neighbour, 70_000)], ["400 invalid_input", "400 invalid_input"]);
});

test("webhooks without a signature are refused, then limited, and signed ones are not", async () => {
  const post = (name: string, headers: Record<string, string>) =>
    callFunction(stage.state, name, { method: "POST", headers, body: { any: "body" } });
  const path = `twilio-webhook/status/${crypto.randomUUID()}`;
  const answers = [];
  for (let attempt = 0; attempt < 3; attempt++) answers.push(await post(path, {}));
  assert.deepEqual(codes(answers), ["403 forbidden", "403 forbidden", "429 rate_limited"]);
  // What a caller writes into the proxies' headers does not make it another caller.
  const forged = { "cf-connecting-ip": "198.51.100.7", "x-forwarded-for": "198.51.100.7" };
  assert.deepEqual(codes([await post(path, forged)]), ["429 rate_limited"]);
  const signed = await post(path, { "x-twilio-signature": `${"A".repeat(27)}=` });
  assert.deepEqual(codes([signed]), ["403 forbidden"]);
});
