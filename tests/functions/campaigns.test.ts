import assert from "node:assert/strict";
import type { Campaign } from "../../client/switchboard.ts";
import { assertInvalid, assertRefused } from "../support/answers.ts";
import {
  campaignBecomes,
  campaigner,
  freshRecipients,
  isSettled,
  sendBulk,
  startCampaign,
} from "../support/campaigning.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer } from "../support/tenants.ts";

const stage = sharedStage();

/** So slow that the campaign is still running when the test reads it. */
const SLOW = { number: 0.5 };

const sumOf = ({ counts }: Campaign) => Object.values(counts).reduce((sum, count) => sum + count, 0);

test("campaigns are listed newest first, in pages, and by status", async () => {
  const ada = await campaigner(stage, "ada");
  const ids: string[] = [];
  for (let made = 0; made < 5; made++) {
    ids.unshift(await startCampaign(ada, freshRecipients(1), { name: `No. ${made}` }));
  }
  for (const id of ids) await campaignBecomes(ada, id, isSettled);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await ada.switchboard.listCampaigns({ limit: 2, cursor });
    seen.push(...page.campaigns.map(({ id }) => id));
    cursor = page.next ?? undefined;
    if (seen.length === 2) await startCampaign(ada, freshRecipients(1), { scheduledAt: inAnHour() });
  } while (cursor !== undefined);
  assert.deepEqual(seen, ids);
  const byStatus = async (status: Campaign["status"]) =>
    (await ada.switchboard.listCampaigns({ status })).campaigns.length;
  assert.deepEqual([await byStatus("completed"), await byStatus("scheduled"), await byStatus("paused")], [5, 1, 0]);
});

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

test("a campaign is shown with its request, with counts that add up to the total, and times in ISO format", async () => {
  const ada = await campaigner(stage, "ada");
  const id = await startCampaign(ada, freshRecipients(3), {
    name: "Spring",
    body: "Hello",
    mediaUrls: ["https://example.com/a.png"],
  });
  const { status, body } = await ada.call(`campaigns/${id}`);
  assert.equal(status, 200);
  assert.deepEqual([body.id, body.name, body.body, body.mediaUrls, body.from, body.total, sumOf(body)], [
    id,
    "Spring",
    "Hello",
    ["https://example.com/a.png"],
    ada.number,
    3,
    3,
  ]);
  const done: Campaign = await campaignBecomes(ada, id, isSettled);
  for (const time of [done.createdAt, done.startedAt!, done.finishedAt!]) {
    assert.equal(new Date(time).toISOString(), time);
  }
  assert.deepEqual(await ada.switchboard.campaign(id), done);
});

test("recipients are listed in the order of the request, in pages, each with its status", async () => {
  const ada = await campaigner(stage, "ada");
  const [undeliverable, refused] = ["+15005530003", "+15005550009"];
  const recipients = [...freshRecipients(4), undeliverable, refused];
  const id = await startCampaign(ada, recipients);
  await campaignBecomes(ada, id, isSettled);
  const all = await Array.fromAsync(ada.switchboard.everyRecipient(id, { limit: 2 }));
  assert.deepEqual(all.map(({ index, to }) => [index, to]), recipients.map((to, index) => [index, to]));
  assert.deepEqual(all.map(({ count, status, errorCode }) => [count, status, errorCode]), [
    ...Array(4).fill(["delivered", "delivered", null]),
    ["failed", "undelivered", 30003],
    ["failed", "refused", 21614],
  ]);
  const failed = await Array.fromAsync(
    ada.switchboard.everyRecipient(id, { count: "failed", limit: 1 }),
    ({ to }) => to,
  );
  assert.deepEqual(failed, [undeliverable, refused]);
  assert.deepEqual((await ada.switchboard.listRecipients(id, { count: "waiting" })).recipients, []);
  const { messages } = await ada.switchboard.listMessages({ campaignId: id });
  assert.deepEqual(new Set(messages.map((message) => message.id)), new Set(all.map(({ messageId }) => messageId)));
});

test("a campaign is paused, resumed and canceled, and each change can be repeated", async () => {
  const ada = await campaigner(stage, "ada", SLOW);
  const id = await startCampaign(ada, freshRecipients(20));
  for (const _ of [1, 2]) assert.equal((await ada.switchboard.pauseCampaign(id)).status, "paused");
  const { counts: paused } = await campaignBecomes(ada, id, ({ counts }) => counts.inFlight === 0);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  assert.equal((await ada.switchboard.campaign(id)).counts.waiting, paused.waiting);
  for (const _ of [1, 2]) assert.equal((await ada.switchboard.resumeCampaign(id)).status, "running");
  await campaignBecomes(ada, id, ({ counts }) => counts.waiting < paused.waiting);
  for (const _ of [1, 2]) assert.equal((await ada.switchboard.cancelCampaign(id)).status, "canceled");
  const canceled = await ada.switchboard.campaign(id);
  assert.deepEqual([canceled.counts.waiting, sumOf(canceled)], [0, 20]);
  assert.ok(canceled.counts.skipped > 0);
  const { recipients } = await ada.switchboard.listRecipients(id, { count: "skipped" });
  assert.deepEqual(new Set(recipients.map(({ skipReason }) => skipReason)), new Set(["canceled"]));
  const lines = await stage.database.sql<{ action: string }[]>`
    select action from public.audit_log where user_id = ${ada.id} and action like 'campaign.%' order by id`;
  const told = lines.map(({ action }) => action.split(".")[1]);
  assert.deepEqual(told.slice(0, 4), ["created", "paused", "resumed", "canceled"]);
});

test("a scheduled campaign that is paused and resumed is scheduled again; canceled, it never begins", async () => {
  const ada = await campaigner(stage, "ada");
  const id = await startCampaign(ada, freshRecipients(2), { scheduledAt: inAnHour() });
  assert.equal((await ada.switchboard.pauseCampaign(id)).status, "paused");
  assert.equal((await ada.switchboard.resumeCampaign(id)).status, "scheduled");
  const canceled = await ada.switchboard.cancelCampaign(id);
  assert.deepEqual([canceled.status, canceled.counts.skipped, canceled.startedAt], ["canceled", 2, null]);
  await stage.database.hurry(ada.id);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.deepEqual(await stage.twilio.messagesOf(ada.accountSid), []);
});

test("a campaign with a delay is scheduled by the server's clock, and canceled within it sends nothing", async () => {
  const ada = await campaigner(stage, "ada");
  const more = { delaySeconds: 10, key: crypto.randomUUID() };
  const recipients = freshRecipients(2);
  const id = await startCampaign(ada, recipients, more);
  // A repetition is the same request, though its time would be a later one.
  const repeated = await sendBulk(ada, recipients, more);
  assert.deepEqual([repeated.status, repeated.body.campaign.id], [200, id]);
  const { status, scheduledAt, createdAt } = await ada.switchboard.campaign(id);
  assert.equal(status, "scheduled");
  const delay = Date.parse(scheduledAt!) - Date.parse(createdAt);
  assert.ok(delay > 8_000 && delay <= 10_000, String(delay));
  await ada.switchboard.cancelCampaign(id);
  await stage.database.hurry(ada.id);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.deepEqual(await stage.twilio.messagesOf(ada.accountSid), []);
  assertInvalid(await sendBulk(ada, recipients, { delaySeconds: 10, scheduledAt: inAnHour() }), ["delaySeconds"]);
  assertInvalid(await sendBulk(ada, recipients, { delaySeconds: 601 }), ["delaySeconds"]);
});

test("a retry sends to the failed recipients once per key, and to each in one retry", async () => {
  const ada = await campaigner(stage, "ada");
  const [undeliverable, refused] = ["+15005530003", "+15005550009"];
  const id = await startCampaign(ada, [...freshRecipients(2), undeliverable, refused], { name: "Spring" });
  await campaignBecomes(ada, id, isSettled);
  const retry = (key: string) =>
    ada.call(`campaigns/${id}/retry`, { method: "POST", headers: { "idempotency-key": key } });
  const [first, again] = await Promise.all([retry("one"), retry("one")]);
  assert.deepEqual([first.status, again.status].sort(), [200, 202]);
  assert.equal(first.body.id, again.body.id);
  assert.deepEqual([first.body.retryOf, first.body.name, first.body.total], [id, "Spring", 2]);
  assertRefused(await retry("two"), [409, "nothing_to_retry"]);
  await campaignBecomes(ada, first.body.id, isSettled);
  const { recipients } = await ada.switchboard.listRecipients(first.body.id);
  assert.deepEqual(recipients.map(({ index, to, count }) => [index, to, count]), [[2, undeliverable, "failed"], [
    3,
    refused,
    "failed",
  ]]);

  const running = await startCampaign(ada, freshRecipients(1), { scheduledAt: inAnHour() });
  const early = await ada.call(`campaigns/${running}/retry`, { method: "POST" });
  assertRefused(early, [409, "campaign_not_over"]);
});

test("a finished campaign cannot be changed: 409 campaign_over, except for the status it already has", async () => {
  const ada = await campaigner(stage, "ada", SLOW);
  const canceled = await startCampaign(ada, freshRecipients(5));
  await ada.switchboard.cancelCampaign(canceled);
  for (const change of ["pause", "resume"]) {
    assertRefused(await ada.call(`campaigns/${canceled}/${change}`, { method: "POST" }), [409, "campaign_over"]);
  }
  const completed = await startCampaign(ada, freshRecipients(1));
  await campaignBecomes(ada, completed, isSettled);
  for (const change of ["pause", "resume", "cancel"]) {
    assertRefused(await ada.call(`campaigns/${completed}/${change}`, { method: "POST" }), [409, "campaign_over"]);
  }
});

test("another tenant's campaign is 404 on every path, and cannot be changed", async () => {
  const [ada, ben] = [await campaigner(stage, "ada", SLOW), await newcomer(stage, "ben")];
  const id = await startCampaign(ada, freshRecipients(5));
  for (const campaignId of [id, crypto.randomUUID()]) {
    for (const path of ["", "/recipients"]) {
      assertRefused(await ben.call(`campaigns/${campaignId}${path}`), [404, "not_found"]);
    }
    for (const change of ["pause", "resume", "cancel", "retry"]) {
      assertRefused(await ben.call(`campaigns/${campaignId}/${change}`, { method: "POST" }), [404, "not_found"]);
    }
  }
  assert.deepEqual((await ben.switchboard.listCampaigns()).campaigns, []);
  assert.equal((await ada.switchboard.campaign(id)).status, "running");
  assert.equal((await ada.switchboard.cancelCampaign(id)).status, "canceled");
});

test("paths outside the contract are 404, and other methods of its paths 405", async () => {
  const ada = await newcomer(stage, "ada");
  const id = crypto.randomUUID();
  const unknown: [method: "GET" | "POST", path: string][] = [
    ["GET", "/"],
    ["GET", `/${id}/`],
    ["GET", "/mine"],
    ["GET", `/${id}x`],
    ["GET", `/${id}/recipients/0`],
    ["POST", `/${id}/PAUSE`],
    ["POST", `/${id}/delete`],
    ["POST", "/pause"],
  ];
  for (const [method, path] of unknown) {
    assertRefused(await ada.call(`campaigns${path}`, { method }), [404, "not_found"]);
  }
  for (const path of ["", `/${id}`, `/${id}/recipients`]) {
    assertRefused(await ada.call(`campaigns${path}`, { method: "POST" }), [405, "method_not_allowed"]);
  }
  for (const path of [`/${id}/pause`, `/${id}/cancel`]) {
    assertRefused(await ada.call(`campaigns${path}`), [405, "method_not_allowed"]);
  }
});

test("an invalid cursor is refused as invalid_input, for campaigns and for recipients", async () => {
  const ada = await campaigner(stage, "ada", SLOW);
  const id = await startCampaign(ada, freshRecipients(2), { scheduledAt: inAnHour() });
  const asCursor = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  for (const cursor of ["x", asCursor([]), asCursor(["now", id]), asCursor(["2026-01-01T00:00:00Z", "x"])]) {
    assertInvalid(await ada.call(`campaigns?cursor=${cursor}`), ["cursor"]);
  }
  for (const cursor of ["x", asCursor([-1]), asCursor([1.5]), asCursor(["1"]), asCursor([1e9])]) {
    const answer = await ada.call(`campaigns/${id}/recipients?cursor=${cursor}`);
    assert.match(String(assertRefused(answer, [400, "invalid_input"])[0]?.["field"]), /^cursor/);
  }
});
