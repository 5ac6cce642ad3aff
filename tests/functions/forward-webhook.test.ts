import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { eventually } from "../../local/driver/eventually.ts";
import type { ReceivedFile } from "../../local/driver/twilio-side.ts";
import { MAX_ATTEMPTS } from "../../supabase/functions/_shared/jobs/retry.ts";
import { assertRefused } from "../support/answers.ts";
import { type Heard, listen, type Listener, type Reply } from "../support/listener.ts";
import { CAT } from "../support/media.ts";
import { sharedStage, test } from "../support/stage.ts";
import { type Caller, forwardTo, freshRecipient, newcomer, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

/** A tenant whose texts are forwarded to the listener, and the secret of their webhook. */
async function forwarding(name: string, { url }: Listener, path = "/hook"): Promise<Caller & { secret: string }> {
  const tenant = await withNumber(stage, name);
  return { ...tenant, secret: await forwardTo(tenant, url + path) };
}

const text = ({ number }: Caller, body = "Hello", media: ReceivedFile[] = []) =>
  stage.twilio.inbound({ from: freshRecipient(), to: number, body, media });

/** Waits until the listener has received this many requests, with retries due at once. Returns all requests. */
async function requestsTo({ heard }: Listener, { id }: Caller, times: number): Promise<Heard[]> {
  return await eventually(`the tenant's server to receive ${times} requests`, async () => {
    await stage.database.hurry(id);
    return heard.length >= times && heard;
  });
}

async function untilQuiet({ id }: Caller): Promise<void> {
  await eventually("no jobs to be left", async () => {
    await stage.database.hurry(id);
    return await stage.database.isQuiet(id);
  });
}

/** Implemented from the specification, without the library: https://github.com/standard-webhooks/standard-webhooks */
async function signatureOf({ headers, body }: Heard, secret: string): Promise<string> {
  const bytes = Uint8Array.from(atob(secret.replace("whsec_", "")), (character) => character.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signed = new TextEncoder().encode(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
  return `v1,${btoa(String.fromCharCode(...signature))}`;
}

const isSignedWith = async (heard: Heard, secret: string) =>
  heard.headers["webhook-signature"] === await signatureOf(heard, secret);

test("a received text is forwarded as list-messages shows it, with a Standard Webhooks signature", async () => {
  await using server = await listen();
  const ada = await forwarding("ada", server, "/hook?tenant=ada");
  await text(ada, "Nice ✓", [CAT]);
  const [call] = await requestsTo(server, ada, 1);
  assert.deepEqual([call!.method, call!.url, call!.headers["content-type"], call!.headers["user-agent"]], [
    "POST",
    "/hook?tenant=ada",
    "application/json",
    "Switchboard",
  ]);
  const { messages: [message] } = await ada.switchboard.listMessages();
  assert.equal(message?.body, "Nice ✓");
  assert.equal(call!.headers["webhook-id"], message.id);
  assert.ok(Math.abs(Number(call!.headers["webhook-timestamp"]) - Date.now() / 1000) < 60);
  // The link in the webhook is valid for longer.
  const [forwarded] = JSON.parse(call!.body).data.media;
  const validFor = Number(new URL(forwarded.url).searchParams.get("expires")) - Date.now() / 1000;
  assert.ok(validFor > 86_340 && validFor <= 86_400, `${validFor} s`);
  const file = new Uint8Array(await (await fetch(forwarded.url)).arrayBuffer());
  assert.equal(btoa(String.fromCharCode(...file)), CAT.content);
  const media = [{ url: forwarded.url, contentType: CAT.contentType }];
  const event = { type: "message.received", timestamp: message.createdAt, data: { ...message, media } };
  assert.deepEqual(new Webhook(ada.secret).verify(call!.body, call!.headers), event);
  assert.ok(await isSignedWith(call!, ada.secret));
  assert.throws(() => new Webhook(ada.secret).verify(call!.body.replace("Nice", "Mean"), call!.headers));
});

test("a text Twilio delivers twice is forwarded once, and sent messages are not forwarded", async () => {
  await using server = await listen();
  const ada = await forwarding("ada", server);
  await ada.switchboard.sendSms({ to: freshRecipient(), body: "Hello" });
  await Promise.all([text(ada, "one"), text(ada, "two")]);
  await untilQuiet(ada);
  const bodies = server.heard.map(({ body }) => JSON.parse(body).data.body);
  assert.deepEqual(bodies.sort(), ["one", "two"]);
});

/** Failed deliveries, each repeated until one succeeds. */
const FAILURES: Record<string, Reply> = {
  "answers 500": 500,
  "answers 404": 404,
  "answers 429": 429,
  "hangs up": "hangs up",
};

for (const [title, reply] of Object.entries(FAILURES)) {
  test(`a text is delivered again, with the same id, to a server that ${title}, until it responds with a 2xx`, async () => {
    await using server = await listen();
    server.reply(reply);
    const ada = await forwarding("ada", server);
    await text(ada);
    await requestsTo(server, ada, 2);
    server.reply(200);
    await untilQuiet(ada);
    const ids = new Set(server.heard.map(({ headers }) => headers["webhook-id"]));
    assert.deepEqual([ids.size, new Set(server.heard.map(({ body }) => body)).size], [1, 1]);
    for (const call of server.heard) assert.ok(await isSignedWith(call, ada.secret));
    assert.equal((await ada.switchboard.forwardWebhook()).webhook?.enabled, true);
  });
}

test("a silent server is given ten seconds, then the text is delivered again", async () => {
  await using server = await listen();
  server.reply("is silent");
  const ada = await forwarding("ada", server);
  await text(ada);
  await requestsTo(server, ada, 1);
  const from = performance.now();
  const error = await eventually("the timeout to be recorded", async () => {
    const [row] = await stage.database.sql`
      select e.error from private.job_errors e join private.jobs q on q.lane = e.lane and q.msg_id = e.job_id
      where q.message ->> 'userId' = ${ada.id} and q.message ->> 'kind' = 'forward-message'`;
    return row?.["error"] as string | undefined;
  }, 60_000);
  const waited = performance.now() - from;
  assert.equal(error, "Error: the tenant's webhook did not answer in time");
  assert.ok(waited > 8_000 && waited < 25_000, `${waited} ms`);
  server.reply(204);
  await untilQuiet(ada);
  assert.equal(server.heard.length, 2);
});

test("a redirect is not followed, because it may lead anywhere", async () => {
  await using server = await listen();
  await using elsewhere = await listen();
  const ada = await forwarding("ada", server);
  for (const status of [301, 302, 307, 308]) {
    server.reply({ status, location: `${elsewhere.url}/inside` });
    const before = server.heard.length;
    await text(ada);
    await requestsTo(server, ada, before + 2);
    server.reply(204);
    await untilQuiet(ada);
  }
  assert.deepEqual(elsewhere.heard, []);
});

test("a text that no attempt delivers becomes a dead letter, which contains neither the URL nor the secret", async () => {
  await using server = await listen();
  server.reply(500);
  const ada = await forwarding("ada", server, "/hook?token=a-secret-of-hers");
  await text(ada);
  await requestsTo(server, ada, 1);
  const { sql } = stage.database;
  await sql`update pgmq.q_jobs_forwarding set read_ct = ${MAX_ATTEMPTS - 1} where message ->> 'userId' = ${ada.id}`;
  await untilQuiet(ada);
  const letters = await sql<{ message: { job: unknown; error: string } }[]>`
    select message from pgmq.q_jobs_dead where message -> 'job' ->> 'userId' = ${ada.id}`;
  assert.deepEqual(letters.map(({ message: { error } }) => error), ["Error: the tenant's webhook answered 500"]);
  const kept = JSON.stringify(letters);
  for (const secret of ["127.0.0.1", "a-secret-of-hers", ada.secret]) assert.ok(!kept.includes(secret), secret);
  await sql`delete from pgmq.q_jobs_dead where message -> 'job' ->> 'userId' = ${ada.id}`;
});

test("a webhook that answers 410 is disabled with the reason, until its tenant sets it again", async () => {
  await using server = await listen();
  server.reply(410);
  const ada = await forwarding("ada", server);
  await text(ada, "first");
  await untilQuiet(ada);
  const { webhook: stopped } = await ada.switchboard.forwardWebhook();
  assert.deepEqual([stopped?.enabled, stopped?.disabledReason], [false, "The endpoint answered 410 Gone"]);
  const [line] = await stage.database.sql`
    select actor from public.audit_log where user_id = ${ada.id} and action = 'forward_webhook.disabled'`;
  assert.equal(line?.["actor"], "forward");

  server.reply(204);
  await text(ada, "second");
  await untilQuiet(ada);
  assert.equal(server.heard.length, 1);
  const again = await ada.switchboard.saveForwardWebhook({ url: `${server.url}/hook` });
  assert.deepEqual([again.webhook?.enabled, again.webhook?.disabledReason, again.pending], [true, null, null]);
  await text(ada, "third");
  const calls = await requestsTo(server, ada, 2);
  assert.deepEqual(calls.map(({ body }) => JSON.parse(body).data.body), ["first", "third"]);
});

const CONFIRM = { method: "POST" };

test("a new webhook is used once it has answered a signed test event, and its secret is shown once", async () => {
  await using server = await listen();
  const ada = await withNumber(stage, "ada");
  assertRefused(await ada.call("forward-webhook/confirm", CONFIRM), [409, "webhook_not_pending"]);
  const url = `${server.url}/hook?tenant=ada`;
  const saved = await ada.call("forward-webhook", { body: { url } });
  const { webhook, pending: { secret, ...pending } } = saved.body;
  assert.deepEqual([saved.status, webhook, pending.url], [201, null, url]);
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{32}$/);
  await text(ada, "too early");
  await untilQuiet(ada);
  assert.deepEqual([server.tests, server.heard], [[], []]);
  assert.deepEqual(await ada.switchboard.forwardWebhook(), { webhook: null, pending });

  const confirmed = await ada.call("forward-webhook/confirm", CONFIRM);
  assert.deepEqual([confirmed.status, confirmed.body.webhook.url, confirmed.body.pending], [200, url, null]);
  const [event, ...more] = server.tests;
  assert.deepEqual([event!.method, event!.url, more.length], ["POST", "/hook?tenant=ada", 0]);
  assert.ok(await isSignedWith(event!, secret));
  assert.deepEqual(Object.keys(JSON.parse(event!.body)), ["type", "timestamp", "data"]);
  assert.deepEqual(
    (await ada.call("forward-webhook/confirm", CONFIRM)).body,
    confirmed.body,
    "a repeated confirmation",
  );
  assert.deepEqual(await ada.switchboard.forwardWebhook(), confirmed.body);
  assert.equal(server.tests.length, 1);
  await text(ada);
  const [call] = await requestsTo(server, ada, 1);
  assert.ok(await isSignedWith(call!, secret));
});

test("another URL is tested with the known secret, and a rotated secret is used only after its confirmation", async () => {
  await using server = await listen();
  const ada = await forwarding("ada", server);
  const moved = await ada.call("forward-webhook", { body: { url: `${server.url}/other` } });
  assert.deepEqual([moved.status, moved.body.webhook.url, moved.body.pending], [200, `${server.url}/other`, null]);
  assert.deepEqual([server.tests.at(-1)!.url, await isSignedWith(server.tests.at(-1)!, ada.secret)], ["/other", true]);

  const rotation = await ada.call("forward-webhook", { body: { url: `${server.url}/new`, rotateSecret: true } });
  const { secret } = rotation.body.pending;
  assert.deepEqual([rotation.status, rotation.body.webhook], [201, moved.body.webhook]);
  await text(ada);
  const [former] = await requestsTo(server, ada, 1);
  assert.deepEqual([former!.url, await isSignedWith(former!, ada.secret)], ["/other", true]);
  await ada.switchboard.confirmForwardWebhook();
  await text(ada);
  const [, latest] = await requestsTo(server, ada, 2);
  assert.deepEqual([latest!.url, await isSignedWith(latest!, secret)], ["/new", true]);
});

test("a webhook that does not answer the test event is refused alike for every cause, and the former one stays", async () => {
  await using server = await listen();
  await using broken = await listen();
  const nowhere = "http://127.0.0.1:9/hook";
  const causes: [string, Reply, string][] = [
    ["answers 500", 500, `${broken.url}/500`],
    ["answers 410", 410, `${broken.url}/410`],
    ["redirects", { status: 307, location: `${server.url}/inside` }, `${broken.url}/redirect`],
    ["hangs up", "hangs up", `${broken.url}/hangs-up`],
    ["is silent", "is silent", `${broken.url}/silent`],
    ["refuses connections", 204, nowhere],
  ];
  const tenants = await Promise.all(causes.map(() => forwarding("ada", server)));
  const tested = server.tests.length;
  const answers = await Promise.all(causes.map(async ([, reply, url], index) => {
    // The listener decides when the request arrives.
    broken.replyTo(new URL(url).pathname, reply);
    const { body: before } = await tenants[index]!.call("forward-webhook");
    const from = performance.now();
    // Half of them change the URL, and half confirm a rotation.
    if (index % 2 === 1) await tenants[index]!.call("forward-webhook", { body: { url, rotateSecret: true } });
    const answer = index % 2 === 1
      ? await tenants[index]!.call("forward-webhook/confirm", CONFIRM)
      : await tenants[index]!.call("forward-webhook", { body: { url } });
    const seconds = (performance.now() - from) / 1000;
    const { body: after } = await tenants[index]!.call("forward-webhook");
    assert.deepEqual(after.webhook, before.webhook);
    assert.equal(after.pending?.url, index % 2 === 1 ? url : undefined);
    return { answer, seconds };
  }));
  for (const [index, { answer, seconds }] of answers.entries()) {
    const [title] = causes[index]!;
    assertRefused(answer, [422, "webhook_not_answering"]);
    assert.equal(answer.body.message, answers[0]!.answer.body.message, title);
    assert.deepEqual(Object.keys(answer.body).sort(), ["code", "message", "requestId"], title);
    assert.ok(seconds > 4.9 && seconds < 12, `a server that ${title} was refused after ${seconds} s`);
  }
  // fetch itself repeats a request whose connection ended.
  const events = new Set(broken.tests.map(({ headers }) => headers["webhook-id"]));
  assert.deepEqual([events.size, broken.heard.length, server.tests.length], [5, 0, tested]);
});

test("a webhook that another request replaced during its test is not confirmed", async () => {
  await using server = await listen();
  const ada = await newcomer(stage, "ada");
  await ada.call("forward-webhook", { body: { url: `${server.url}/first` } });
  const held = server.hold();
  const confirming = ada.call("forward-webhook/confirm", CONFIRM);
  await held.arrived;
  const { body: { pending: { secret: _, ...pending } } } = await ada.call("forward-webhook", {
    body: { url: `${server.url}/second` },
  });
  held.release();
  assertRefused(await confirming, [409, "webhook_changed"]);
  assert.deepEqual(await ada.switchboard.forwardWebhook(), { webhook: null, pending });
});

test("forward-webhook answers 404 on unknown paths, and 405 to another method of a known one", async () => {
  const ada = await newcomer(stage, "ada");
  for (const path of ["/", "/tests", "/confirm/x", "/deliveries/"]) {
    assertRefused(await ada.call(`forward-webhook${path}`, CONFIRM), [404, "not_found"]);
  }
  assertRefused(await ada.call("forward-webhook/confirm"), [405, "method_not_allowed"]);
  assertRefused(await ada.call("forward-webhook/deliveries", CONFIRM), [405, "method_not_allowed"]);
});

test("a removed webhook receives nothing more, including waiting texts, and a new webhook has a new secret", async () => {
  await using server = await listen();
  server.reply(500);
  const ada = await forwarding("ada", server);
  await text(ada);
  await requestsTo(server, ada, 1);
  await ada.switchboard.saveForwardWebhook({ url: `${server.url}/next`, rotateSecret: true });
  assert.deepEqual(await ada.switchboard.saveForwardWebhook({ url: null }), { webhook: null, pending: null });
  assert.deepEqual(await ada.switchboard.forwardWebhook(), { webhook: null, pending: null });
  const before = server.heard.length;
  await untilQuiet(ada);
  await text(ada);
  await untilQuiet(ada);
  assert.ok(server.heard.length <= before + 1, "one may have been in flight");
  await ada.switchboard.saveForwardWebhook({ url: null });
  assert.notEqual(await forwardTo(ada, `${server.url}/hook`), ada.secret);
  const lines = await stage.database.sql<{ action: string }[]>`
    select action from public.audit_log where user_id = ${ada.id} and action like 'forward_webhook.%' order by id`;
  assert.deepEqual(lines.map(({ action }) => action.split(".")[1]), [
    "offered",
    "created",
    "offered",
    "removed",
    "offered",
    "created",
  ]);
});

test("no other tenant sees a tenant's webhook or receives its texts", async () => {
  await using server = await listen();
  const [ada, ben] = [await forwarding("ada", server), await withNumber(stage, "ben")];
  assert.deepEqual(await ben.switchboard.forwardWebhook(), { webhook: null, pending: null });
  await ben.switchboard.saveForwardWebhook({ url: null });
  await text(ben, "for Ben");
  await text(ada, "for Ada");
  const calls = await requestsTo(server, ada, 1);
  await untilQuiet(ben);
  assert.deepEqual(calls.map(({ body }) => JSON.parse(body).data.body), ["for Ada"]);
});

test("of concurrent requests for a new webhook, one of the responses has the secret that is used", async () => {
  await using server = await listen();
  const ada = await withNumber(stage, "ada");
  const saved = await Promise.all(
    Array.from({ length: 5 }, (_, index) => ada.switchboard.saveForwardWebhook({ url: `${server.url}/${index}` })),
  );
  await Promise.all([1, 2].map(() => ada.call("forward-webhook/confirm", CONFIRM)));
  await text(ada);
  const [call] = await requestsTo(server, ada, 1);
  const fits = await Promise.all(saved.map(({ pending }) => isSignedWith(call!, pending!.secret!)));
  assert.equal(fits.filter(Boolean).length, 1);
});

test("a deleted user cannot set a webhook", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.database.sql`delete from auth.users where id = ${ada.id}`;
  const answer = await ada.call("forward-webhook", { body: { url: "https://example.com/hook" } });
  assertRefused(answer, [401, "unauthorized"]);
});
