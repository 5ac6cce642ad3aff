import assert from "node:assert/strict";
import { type SealedTokens, signingTokens } from "./signing-tokens.ts";

/** A tenant's tokens at rest, and a verifier that counts how often they are read. */
function vault(...stored: string[]) {
  let now = 0;
  let lookUps = 0;
  let current: SealedTokens = { accountSid: "AC", sealed: stored, validUntil: null };
  let broken = false;
  const isGenuine = signingTokens(() => now);
  return {
    webhook: (signedWith: string, { userId = "ada", address = "192.0.2.1" } = {}) =>
      isGenuine({
        userId,
        address,
        lookUp() {
          lookUps++;
          return broken ? Promise.reject(new Error("no database")) : Promise.resolve(current);
        },
        verifies: ({ sealed }) => Promise.resolve(sealed.includes(signedWith)),
      }),
    lookUps: () => lookUps,
    pass: (milliseconds: number) => now += milliseconds,
    store: (...sealed: string[]) => current = { accountSid: "AC", sealed, validUntil: null },
    storeUntil: (milliseconds: number) => current = { ...current, validUntil: new Date(now + milliseconds) },
    breakDown: (isBroken: boolean) => broken = isBroken,
  };
}

Deno.test("webhooks of a tenant within a minute need one look-up", async () => {
  const { webhook, lookUps, pass } = vault("token");
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => webhook("token"))), [true, true, true]);
  pass(59_000);
  assert.equal(await webhook("token"), true);
  assert.equal(lookUps(), 1);
  pass(1_000);
  assert.equal(await webhook("token"), true);
  assert.equal(lookUps(), 2);
});

Deno.test("a webhook signed with a token that was stored a moment ago is genuine", async () => {
  const { webhook, store } = vault("token");
  assert.equal(await webhook("token"), true);
  store("newer");
  assert.equal(await webhook("newer"), true);
});

Deno.test("a forger's webhooks cost a limited number of look-ups, and genuine ones are still accepted", async () => {
  const { webhook, lookUps } = vault("token");
  assert.equal(await webhook("token"), true);
  for (let forged = 0; forged < 500; forged++) assert.equal(await webhook("forged"), false);
  assert.equal(lookUps(), 31);
  assert.equal(await webhook("token"), true);
});

Deno.test("many forgers' webhooks for one tenant cost a limited number of look-ups", async () => {
  const { webhook, lookUps } = vault("token");
  for (let forged = 0; forged < 500; forged++) await webhook("forged", { address: `198.51.100.${forged}` });
  assert.equal(lookUps(), 61);
});

Deno.test("one forger does not use up another address's look-ups, so a new token is found", async () => {
  const { webhook, store } = vault("token");
  for (let forged = 0; forged < 500; forged++) await webhook("forged", { address: "198.51.100.1" });
  store("newer");
  assert.equal(await webhook("newer"), true);
});

Deno.test("the previous token of a rotation is accepted until its end, however long tokens are kept", async () => {
  const { webhook, store, storeUntil, pass } = vault("token", "previous");
  storeUntil(5_000);
  assert.equal(await webhook("previous"), true);
  store("token");
  pass(4_999);
  assert.equal(await webhook("previous"), true);
  pass(1);
  assert.equal(await webhook("previous"), false);
});

Deno.test("a failed look-up is not kept", async () => {
  const { webhook, breakDown } = vault("token");
  breakDown(true);
  await assert.rejects(() => webhook("token"), /no database/);
  breakDown(false);
  assert.equal(await webhook("token"), true);
});

Deno.test("memory is bounded: tenants beyond the newest five thousand are looked up again", async () => {
  const { webhook, lookUps } = vault("token");
  for (let tenant = 0; tenant <= 5_000; tenant++) await webhook("token", { userId: `tenant ${tenant}` });
  assert.equal(lookUps(), 5_001);
  await webhook("token", { userId: "tenant 5000" });
  assert.equal(lookUps(), 5_001);
  await webhook("token", { userId: "tenant 0" });
  assert.equal(lookUps(), 5_002);
});

Deno.test("forged webhooks for invented users from Twilio's own address keep no genuine one from being accepted", async () => {
  const { webhook, store } = vault();
  for (let count = 0; count < 1_000; count++) {
    assert.equal(await webhook("forged", { userId: `invented ${count}` }), false);
  }
  store("token");
  assert.equal(await webhook("token", { userId: "ada" }), true);
});

Deno.test("nothing is computed for a webhook of a user without a token", async () => {
  const isGenuine = signingTokens(() => 0);
  const refused = await isGenuine({
    userId: "stranger",
    address: null,
    lookUp: () => Promise.resolve({ accountSid: null, sealed: [], validUntil: null }),
    verifies: () => Promise.reject(new Error("a signature was computed")),
  });
  assert.equal(refused, false);
});
