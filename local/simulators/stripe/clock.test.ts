import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import Stripe from "stripe";
import { Clock } from "./clock.ts";
import type { DueWork } from "./due.ts";
import { runDueWork } from "./due-work.ts";
import { freshRecords } from "./records.ts";
import type { Simulator } from "./simulator.ts";
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

Deno.test("Advancing two months in one call has the result of many short advances, also on invoices", async () => {
  const results = await Promise.all([[70 * DAY], Array.from({ length: 70 }, () => DAY)].map(async (steps) => {
    await using s = await startFixture({ now: () => 1_800_000_000_000 });
    const meter = { display_name: "SMS", event_name: "sms", default_aggregation: { formula: "sum" } };
    const { id: meterId } = await s.stripe.billing.meters.create(meter);
    const price = await s.stripe.prices.create({
      product: (await s.stripe.products.create({ name: "SMS" })).id,
      currency: "usd",
      unit_amount_decimal: Stripe.Decimal.from("0.01"),
      recurring: { interval: "month", usage_type: "metered", meter: meterId },
    });
    const renewed = await s.checkout({ clientReferenceId: "renewed" });
    await s.stripe.subscriptionItems.create({ subscription: renewed.subscriptionId, price: price.id });
    const ended = await s.checkout();
    await s.stripe.subscriptions.update(ended.subscriptionId, { cancel_at: 1_800_000_000 + 10 * DAY + 30 });
    for (const processingSeconds of [7 * DAY, 7, 3 * DAY + 60, 3 * DAY + 61]) {
      await s.control("/_sim/metering", { processingSeconds });
      for (const customer of [renewed.customerId, "cus_none"]) {
        const payload = { stripe_customer_id: customer, value: "1234.5" };
        await s.stripe.billing.meterEvents.create({ event_name: "sms", payload }, {
          idempotencyKey: `${processingSeconds} ${customer === "cus_none"}`,
        });
      }
    }
    for (const advanceSeconds of steps) await s.control("/_sim/clock", { advanceSeconds });
    const { meterEvents } = (await s.control("/_sim/meter-events")).answer;
    const thin = (await s.control("/_sim/thin-events")).answer.thinEvents;
    const deleted = await s.stripe.events.list({ type: "customer.subscription.deleted" });
    const { data: invoices } = await s.stripe.invoices.list({ customer: renewed.customerId });
    return {
      invoices: invoices.map(({ created, status, total, status_transitions: { finalized_at: final }, lines }) => ({
        created,
        status,
        total,
        final,
        quantities: lines.data.map(({ quantity_decimal }) => String(quantity_decimal)),
      })),
      meterEvents: meterEvents.map(({ status, processedAt, rejection }) => ({ status, processedAt, rejection })),
      thin: thin.map(({ event, data }) => ({ created: event.created, data })),
      deleted: deleted.data.map(({ created }) => created),
    };
  }));
  assert.equal(results[0]?.thin.length, 3);
  assert.deepEqual(results[0]?.invoices.map(({ quantities }) => quantities), [["0", "1"], ["4938", "1"], ["1"]]);
  assert.deepEqual(results[0], results[1]);
});

Deno.test("Due work of several kinds runs in order of time, for any steps of the clock", () => {
  const times = fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 12 });
  fc.assert(fc.property(times, times, times, (one, other, steps) => {
    const done: number[] = [];
    const kinds = [one, other].map((due): DueWork => ({
      nextAt: () => due.length === 0 ? null : Math.min(...due),
      run: ({ now }) => {
        const at = now();
        done.push(...due.filter((each) => each <= at).map(() => at));
        due.splice(0, due.length, ...due.filter((each) => each > at));
      },
    }));
    const wanted = [...one, ...other].sort((a, b) => a - b);
    const records = freshRecords(0);
    const clock = new Clock(records, () => 0);
    const simulator = { records, clock, now: () => clock.now(), changed() {} } as unknown as Simulator;
    for (const time of [...steps, 1000]) {
      clock.moveTo(time);
      runDueWork(simulator, kinds);
    }
    assert.deepEqual(done, wanted);
  }));
});

Deno.test("Work that is still due after it ran is an error, not an endless loop", () => {
  const records = freshRecords(0);
  const clock = new Clock(records, () => 5);
  const simulator = { records, clock, now: () => clock.now(), changed() {} } as unknown as Simulator;
  assert.throws(() => runDueWork(simulator, [{ nextAt: () => 3, run() {} }]), /was due at 3 is not done/);
});
