import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { eventually } from "../../local/driver/eventually.ts";
import { MAX_ATTEMPTS } from "../../supabase/functions/_shared/jobs/retry.ts";
import { assertRefused } from "../support/answers.ts";
import { type Heard, listen, type Listener, type Reply } from "../support/listener.ts";
import { sharedStage, test } from "../support/stage.ts";
import { type Caller, freshRecipient, newcomer, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

/** A tenant whose texts are forwarded to the listener, and the secret of their webhook. */
async function forwarding(name: string, { url }: Listener, path = "/hook"): Promise<Caller & { secret: string }> {
  const tenant = await withNumber(stage, name);
  const webhook = await tenant.switchboard.saveForwardWebhook({ url: url + path });
  assert.ok(webhook?.secret);
  return { ...tenant, secret: webhook.secret };
}

const text = ({ number }: Caller, body = "Hello", mediaUrls: string[] = []) =>
  stage.twilio.inbound({ from: freshRecipient(), to: number, body, mediaUrls });

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
  await text(ada, "Nice ✓", ["https://example.com/cat.gif"]);
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
  const event = { type: "message.received", timestamp: message.createdAt, data: message };
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
    assert.equal((await ada.switchboard.forwardWebhook())?.enabled, true);
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
  assert.ok(waited > 8_000 && waited < 13_000, `${waited} ms`);
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
  const stopped = await ada.switchboard.forwardWebhook();
  assert.deepEqual([stopped?.enabled, stopped?.disabledReason], [false, "The endpoint answered 410 Gone"]);
  const [line] = await stage.database.sql`
    select actor from public.audit_log where user_id = ${ada.id} and action = 'forward_webhook.disabled'`;
  assert.equal(line?.["actor"], "forward");

  server.reply(204);
  await text(ada, "second");
  await untilQuiet(ada);
  assert.equal(server.heard.length, 1);
  const again = await ada.switchboard.saveForwardWebhook({ url: `${server.url}/hook` });
  assert.deepEqual([again?.enabled, again?.disabledReason, again?.secret], [true, null, undefined]);
  await text(ada, "third");
  const calls = await requestsTo(server, ada, 2);
  assert.deepEqual(calls.map(({ body }) => JSON.parse(body).data.body), ["first", "third"]);
});

test("the secret is shown once when it is made, stays when the URL changes, and is replaced by a rotation", async () => {
  await using server = await listen();
  const ada = await forwarding("ada", server);
  const made = await ada.call("forward-webhook", { body: { url: `${server.url}/hook` } });
  assert.deepEqual([made.status, made.body.webhook.secret], [200, undefined]);
  const shown = await ada.switchboard.forwardWebhook();
  assert.deepEqual([shown?.url, shown?.enabled, shown?.secret], [`${server.url}/hook`, true, undefined]);

  await ada.switchboard.saveForwardWebhook({ url: `${server.url}/other` });
  await text(ada);
  const [unchanged] = await requestsTo(server, ada, 1);
  assert.deepEqual([unchanged!.url, await isSignedWith(unchanged!, ada.secret)], ["/other", true]);

  const rotated = await ada.call("forward-webhook", { body: { url: `${server.url}/other`, rotateSecret: true } });
  const { secret } = rotated.body.webhook;
  assert.equal(rotated.status, 201);
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{32}$/);
  assert.notEqual(secret, ada.secret);
  await text(ada);
  const [, signedAnew] = await requestsTo(server, ada, 2);
  assert.deepEqual([await isSignedWith(signedAnew!, secret), await isSignedWith(signedAnew!, ada.secret)], [
    true,
    false,
  ]);
});

test("a removed webhook receives nothing more, including waiting texts, and a new webhook has a new secret", async () => {
  await using server = await listen();
  server.reply(500);
  const ada = await forwarding("ada", server);
  await text(ada);
  await requestsTo(server, ada, 1);
  assert.equal(await ada.switchboard.saveForwardWebhook({ url: null }), null);
  assert.equal(await ada.switchboard.forwardWebhook(), null);
  const before = server.heard.length;
  await untilQuiet(ada);
  await text(ada);
  await untilQuiet(ada);
  assert.ok(server.heard.length <= before + 1, "one may have been in flight");
  assert.equal(await ada.switchboard.saveForwardWebhook({ url: null }), null);
  const again = await ada.switchboard.saveForwardWebhook({ url: `${server.url}/hook` });
  assert.ok(again?.secret !== undefined && again.secret !== ada.secret);
  const lines = await stage.database.sql<{ action: string }[]>`
    select action from public.audit_log where user_id = ${ada.id} and action like 'forward_webhook.%' order by id`;
  assert.deepEqual(lines.map(({ action }) => action.split(".")[1]), ["created", "removed", "created"]);
});

test("no other tenant sees a tenant's webhook or receives its texts", async () => {
  await using server = await listen();
  const [ada, ben] = [await forwarding("ada", server), await withNumber(stage, "ben")];
  assert.equal(await ben.switchboard.forwardWebhook(), null);
  await ben.switchboard.saveForwardWebhook({ url: null });
  await text(ben, "for Ben");
  await text(ada, "for Ada");
  const calls = await requestsTo(server, ada, 1);
  await untilQuiet(ben);
  assert.deepEqual(calls.map(({ body }) => JSON.parse(body).data.body), ["for Ada"]);
});

test("two concurrent requests create one webhook, and one of the two responses has its secret", async () => {
  await using server = await listen();
  const ada = await withNumber(stage, "ada");
  const saved = await Promise.all(
    Array.from({ length: 5 }, (_, index) => ada.switchboard.saveForwardWebhook({ url: `${server.url}/${index}` })),
  );
  await text(ada);
  const [call] = await requestsTo(server, ada, 1);
  const secrets = saved.map((webhook) => webhook?.secret).filter((secret) => secret !== undefined);
  const fits = await Promise.all(secrets.map((secret) => isSignedWith(call!, secret)));
  assert.equal(fits.filter(Boolean).length, 1, `${secrets.length} responses have a secret`);
});

test("a deleted user cannot set a webhook", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.database.sql`delete from auth.users where id = ${ada.id}`;
  const answer = await ada.call("forward-webhook", { body: { url: "https://example.com/hook" } });
  assertRefused(answer, [401, "unauthorized"]);
});
