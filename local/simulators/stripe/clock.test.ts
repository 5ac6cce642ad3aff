import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

const DAY = 86_400;

Deno.test("The clock dates objects and events, moves forward only, and survives a restart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stripe-clock-"));
  const options = { stateFile: join(folder, "stripe.json"), now: () => 1_800_000_000_000 };
  const first = await startFixture(options);
  assert.deepEqual((await first.control("/_sim/clock")).answer, { now: 1_800_000_000 });
  assert.equal((await first.stripe.customers.create({})).created, 1_800_000_000);
  assert.equal((await first.control("/_sim/clock", { advanceSeconds: 3 * DAY })).answer.now, 1_800_000_000 + 3 * DAY);
  assert.equal((await first.control("/_sim/clock", { now: 1_800_000_000 + 4 * DAY })).status, 200);
  assert.equal((await first.control("/_sim/clock", { now: 1_800_000_000 + 3 * DAY })).status, 400);
  assert.equal((await first.control("/_sim/clock", { advanceSeconds: -1 })).status, 400);
  await first[Symbol.asyncDispose]();
  await using second = await startFixture(options);
  const { created } = await second.stripe.customers.create({});
  assert.equal(created, 1_800_000_000 + 4 * DAY);
  assert.equal((await second.stripe.events.list({ limit: 1 })).data[0]?.created, created);
  await second.control("/_sim/reset", {});
  assert.equal((await second.stripe.customers.create({})).created, 1_800_000_000);
  await rm(folder, { recursive: true });
});

Deno.test("A long advance does the due work in order, each piece at its own time", async () => {
  await using s = await startFixture({ now: () => 1_800_000_000_000 });
  const late = await s.checkout({ clientReferenceId: "late" });
  const early = await s.checkout({ clientReferenceId: "early" });
  await s.stripe.subscriptions.update(late.subscriptionId, { cancel_at: 1_800_000_000 + 9 * DAY });
  await s.stripe.subscriptions.update(early.subscriptionId, { cancel_at: 1_800_000_000 + 5 * DAY });
  await s.control("/_sim/clock", { advanceSeconds: 30 * DAY });
  const { data } = await s.stripe.events.list({ type: "customer.subscription.deleted" });
  assert.deepEqual(data.map(({ created }) => (created - 1_800_000_000) / DAY), [9, 5]);
  const ended = await s.stripe.subscriptions.retrieve(early.subscriptionId);
  assert.deepEqual([ended.status, ended.ended_at], ["canceled", 1_800_000_000 + 5 * DAY]);
});

Deno.test("An Idempotency-Key is forgotten after 24 hours of the clock, and the request then runs again", async () => {
  await using s = await startFixture();
  const create = () => s.stripe.customers.create({ name: "Ada" }, { idempotencyKey: "ada" });
  const { id } = await create();
  await s.control("/_sim/clock", { advanceSeconds: DAY - 60 });
  assert.equal((await create()).id, id);
  await s.control("/_sim/clock", { advanceSeconds: 120 });
  assert.notEqual((await create()).id, id);
});
