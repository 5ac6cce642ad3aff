import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { listen } from "../support/listener.ts";
import { CAT } from "../support/media.ts";
import { sharedStage, test } from "../support/stage.ts";
import { type Caller, forwardTo, freshRecipient, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

async function untilQuiet({ id }: Caller): Promise<void> {
  await eventually("no jobs to be left", async () => {
    await stage.database.hurry(id);
    return await stage.database.isQuiet(id);
  });
}

/** The tenant's latest delivery, once it has this status. */
async function delivery(tenant: Caller, status: string) {
  return await eventually(`a delivery that is ${status}`, async () => {
    const { deliveries: [latest] } = await tenant.switchboard.forwardDeliveries();
    return latest?.status === status && latest;
  });
}

test("a delivery is listed with its attempts, status and body, and is replayed with the same event id", async () => {
  await using server = await listen();
  const ada = await withNumber(stage, "ada");
  await forwardTo(ada, `${server.url}/hook`);
  server.reply(500);
  await stage.twilio.inbound({ from: freshRecipient(), to: ada.number, body: "Hello", media: [CAT] });
  const failing = await delivery(ada, "pending");
  assert.deepEqual([failing.lastAttempt.status, failing.lastAttempt.failure], [500, "refused"]);
  assert.ok(Date.parse(failing.nextAttemptAt!) > Date.parse(failing.lastAttempt.at));
  await assert.rejects(ada.switchboard.replayForwardDelivery(failing.id), { code: "delivery_pending" });
  server.reply(204);
  await untilQuiet(ada);
  const { delivery: done, attempts, event } = await ada.switchboard.forwardDelivery(failing.id);
  assert.deepEqual([done.status, done.nextAttemptAt, done.attemptCount], ["delivered", null, attempts.length]);
  assert.deepEqual([attempts[0]?.status, attempts.at(-1)?.status, attempts.at(-1)?.failure], [500, 204, null]);
  assert.ok(attempts.every(({ durationMs }) => durationMs !== null && durationMs >= 0 && durationMs < 10_000));
  const sent = JSON.parse(server.heard.at(-1)!.body);
  assert.ok(event.type === "message.received");
  const unlinked = ({ data, ...rest }: typeof event) => ({ ...rest, data: { ...data, media: data.media.length } });
  assert.deepEqual(unlinked(event), unlinked(sent));
  assert.equal((await fetch(event.data.media[0]!.url)).status, 200);
  const { sql } = stage.database;
  const [row] = await sql`select d::text as text from public.forward_deliveries d where id = ${failing.id}`;
  assert.doesNotMatch(row!["text"], /Hello|signature/);

  const before = server.heard.length;
  const replayed = await ada.switchboard.replayForwardDelivery(failing.id);
  assert.deepEqual([replayed.id, replayed.status], [failing.id, "pending"]);
  await untilQuiet(ada);
  assert.equal(server.heard.length, before + 1);
  assert.equal(server.heard.at(-1)!.headers["webhook-id"], failing.id);
  assert.equal((await delivery(ada, "delivered")).attemptCount, done.attemptCount + 1);

  await ada.switchboard.redactMessage({ messageId: failing.id });
  const redacted = await ada.switchboard.forwardDelivery(failing.id);
  assert.ok(redacted.event.type === "message.received");
  assert.deepEqual([redacted.event.data.body, redacted.event.data.media], [null, []]);
});

test("a notice is posted once as an event of its kind, is read by its tenant, and is replayed with the same event id", async () => {
  const ada = await withNumber(stage, "ada");
  await using server = await listen();
  await forwardTo(ada, `${server.url}/hook`);
  const before = server.heard.length;
  const notify = () =>
    stage.database.sql`
      select private.notify_tenant(${ada.id}, 'usage.threshold', '2026-11-01T00:00:00Z 80', '{"percent": 80, "used": 16}')`;
  await notify();
  await notify();
  await untilQuiet(ada);
  const { id, lastAttempt } = await delivery(ada, "delivered");
  const { data: rows } = await ada.data.from("tenant_notices").select("id, kind, subject");
  assert.deepEqual(rows, [{ id, kind: "usage.threshold", subject: "2026-11-01T00:00:00Z 80" }]);
  assert.deepEqual([server.heard.length, lastAttempt.status], [before + 1, 204]);
  const { event } = await ada.switchboard.forwardDelivery(id);
  assert.deepEqual(JSON.parse(server.heard.at(-1)!.body), event);
  assert.deepEqual({ ...event, timestamp: "" }, {
    type: "usage.threshold",
    timestamp: "",
    data: { id, subject: "2026-11-01T00:00:00Z 80", details: { percent: 80, used: 16 } },
  });
  await ada.switchboard.replayForwardDelivery(id);
  await untilQuiet(ada);
  assert.equal(server.heard.length, before + 2);
  assert.equal(server.heard.at(-1)!.headers["webhook-id"], id);
});

test("a server that cannot be reached is a failure without status and duration, and a 410 ends the delivery", async () => {
  const ada = await withNumber(stage, "ada");
  const server = await listen();
  await forwardTo(ada, `${server.url}/hook`);
  await server[Symbol.asyncDispose]();
  await stage.twilio.inbound({ from: freshRecipient(), to: ada.number, body: "Hello" });
  const { lastAttempt } = await delivery(ada, "pending");
  assert.deepEqual({ ...lastAttempt, at: "" }, { at: "", status: null, durationMs: null, failure: "no_response" });
  await ada.switchboard.saveForwardWebhook({ url: null });
  await untilQuiet(ada);
  const canceled = await delivery(ada, "canceled");
  assert.equal(canceled.nextAttemptAt, null);
  await assert.rejects(ada.switchboard.replayForwardDelivery(canceled.id), { code: "webhook_not_enabled" });

  await using gone = await listen();
  await forwardTo(ada, `${gone.url}/hook`);
  gone.reply(410);
  await stage.twilio.inbound({ from: freshRecipient(), to: ada.number, body: "Hello" });
  assert.equal((await delivery(ada, "failed")).lastAttempt.status, 410);
});

test("a test event reaches the webhook in use and is no delivery; without a webhook it is refused", async () => {
  const ada = await withNumber(stage, "ada");
  await assert.rejects(ada.switchboard.testForwardWebhook(), { code: "webhook_not_enabled" });
  await using server = await listen();
  await forwardTo(ada, `${server.url}/hook`);
  const before = server.tests.length;
  assert.equal((await ada.switchboard.testForwardWebhook()).webhook?.enabled, true);
  assert.equal(server.tests.length, before + 1);
  assert.deepEqual(await ada.switchboard.forwardDeliveries(), { deliveries: [], next: null });
});

test("another tenant reads and replays no delivery", async () => {
  await using server = await listen();
  const [ada, mallory] = [await withNumber(stage, "ada"), await withNumber(stage, "mallory")];
  await forwardTo(ada, `${server.url}/hook`);
  await stage.twilio.inbound({ from: freshRecipient(), to: ada.number, body: "Hello" });
  const { id } = await delivery(ada, "delivered");
  const before = server.heard.length;
  assertRefused(await mallory.call(`forward-webhook/deliveries/${id}`), [404, "not_found"]);
  assertRefused(await mallory.call(`forward-webhook/deliveries/${id}/replay`, { method: "POST" }), [404, "not_found"]);
  assert.deepEqual((await mallory.switchboard.forwardDeliveries()).deliveries, []);
  await untilQuiet(ada);
  assert.equal(server.heard.length, before);
  const { deliveries: [own], next } = await ada.switchboard.forwardDeliveries({ status: "delivered", limit: 1 });
  assert.equal(own?.id, id);
  assert.deepEqual((await ada.switchboard.forwardDeliveries({ limit: 1, cursor: next! })).deliveries, []);
});
