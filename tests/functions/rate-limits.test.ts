import assert from "node:assert/strict";
import { type Answer, callFunction } from "../../local/driver/actor.ts";
import { ledgerOf } from "../support/ledger.ts";
import { ownStage, test } from "../support/stage.ts";
import { newcomer } from "../support/tenants.ts";

/** A tenth of every limit: a user may provision once, search 6 times, buy twice and send 12 times a minute. */
const { stage } = ownStage({ env: { RATE_LIMIT_FACTOR: "0.1", MASTER_FALLBACK: "on", SELF_PROVISIONING: "anyone" } });

const codes = (answers: Answer[]) => answers.map(({ status, body }) => `${status} ${body.code ?? ""}`.trim());

test("a user beyond the rate limit gets 429 rate_limited with Retry-After, and no message is reserved", async () => {
  const ada = await newcomer(stage, "ada");
  const message = { to: "+14155550100", body: "hi" };
  const answers: Answer[] = [];
  for (let attempt = 0; attempt < 12; attempt++) {
    answers.push(await ada.call("send-sms", { body: { ...message, from: "+19999999999" } }));
  }
  assert.deepEqual(codes(answers), Array(12).fill("403 number_not_owned"));
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
  for (let attempt = 0; attempt < 3; attempt++) {
    buys.push(await ben.call("buy-number", { body: { phoneNumber: "+14155550199" } }));
  }
  assert.deepEqual(codes(buys), ["409 subaccount_required", "409 subaccount_required", "429 rate_limited"]);
  const searches = [];
  for (let attempt = 0; attempt < 7; attempt++) searches.push(await ben.call("search-numbers"));
  assert.equal(codes(searches).at(-1), "429 rate_limited");
  assert.equal((await ben.call("provision-subaccount", { method: "POST" })).status, 201);
  assert.deepEqual(codes([await ben.call("provision-subaccount", { method: "POST" })]), ["429 rate_limited"]);
});

test("changes of numbers and of the forward webhook have separate rate limits", async () => {
  const dee = await newcomer(stage, "dee");
  const numberId = crypto.randomUUID();
  const deeds: Record<string, { body: unknown; allowed: number; refused: string }> = {
    "forward-webhook": { body: { url: null }, allowed: 1, refused: "200" },
    "release-number": { body: { numberId }, allowed: 2, refused: "409 subaccount_required" },
    "sync-numbers": { body: {}, allowed: 1, refused: "409 subaccount_required" },
    "rename-number": { body: { numberId, friendlyName: "x" }, allowed: 6, refused: "409 subaccount_required" },
    "set-primary-number": { body: { numberId }, allowed: 6, refused: "404 not_found" },
  };
  for (const [name, { body, allowed, refused }] of Object.entries(deeds)) {
    const answers = [];
    for (let attempt = 0; attempt <= allowed; attempt++) answers.push(await dee.call(name, { body }));
    assert.deepEqual(codes(answers), [...Array(allowed).fill(refused), "429 rate_limited"], name);
  }
});

test("reading one's own data has no limit but that of a flood, which a neighbour does not notice", async () => {
  const [cy, neighbour] = [await newcomer(stage, "cy"), await newcomer(stage, "neighbour")];
  const read = (times: number) => Promise.all(Array.from({ length: times }, () => cy.call("provision-subaccount")));
  assert.deepEqual([...new Set(codes(await read(60)))], ["200"]);
  const flood = await read(10);
  assert.deepEqual([...new Set(codes(flood))], ["429 rate_limited"]);
  assert.ok(Number(flood[0]?.headers.get("retry-after")) > 0);
  assert.deepEqual(codes([await neighbour.call("provision-subaccount")]), ["200"]);
});

test("webhooks without a signature are refused, then limited, and signed ones are not", async () => {
  const post = (name: string, headers: Record<string, string>) =>
    callFunction(stage.state, name, { method: "POST", headers, body: { any: "body" } });
  const path = `twilio-webhook/status/${crypto.randomUUID()}`;
  const answers = [];
  for (let attempt = 0; attempt < 7; attempt++) answers.push(await post(path, {}));
  assert.deepEqual(codes(answers), [...Array(6).fill("403 forbidden"), "429 rate_limited"]);
  // What a caller writes into the proxies' headers does not make it another caller.
  const forged = { "cf-connecting-ip": "198.51.100.7", "x-forwarded-for": "198.51.100.7" };
  assert.deepEqual(codes([await post(path, forged)]), ["429 rate_limited"]);
  const signed = await post(path, { "x-twilio-signature": `${"A".repeat(27)}=` });
  assert.deepEqual(codes([signed]), ["403 forbidden"]);
});
