import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { checkLink } from "../media/link.ts";
import type { Db } from "../platform/database.ts";
import { parseKeyRing } from "../sealing/key-ring.ts";
import { seal, webhookSecretBinding } from "../sealing/seal.ts";
import { forwardEvent } from "./forward.ts";

const SECRET = `whsec_${btoa("0".repeat(24))}`;
const USER = crypto.randomUUID();
const MESSAGE = crypto.randomUUID();
const HOOK = "https://hooks.example.com/hook?token=of-the-tenant";
const START = Date.parse("2026-11-26T12:00:00Z");
const sealing = parseKeyRing(JSON.stringify({ k1: btoa("a".repeat(32)) }));

const received = {
  id: MESSAGE,
  direction: "inbound",
  from_number: "+4915112345678",
  to_number: "+4915187654321",
  body: "Look",
  media_urls: ["https://api.twilio.com/one", "https://api.twilio.com/two"],
  media_types: ["image/gif"],
  price: null,
  redacted_at: null,
  redaction_requested_at: null as string | null,
  status_updated_at: "2026-11-26T11:59:00+00:00",
  created_at: "2026-11-26T11:59:00+00:00",
};

const notice = {
  id: MESSAGE,
  user_id: USER,
  kind: "usage.threshold",
  subject: "2026-11-01T00:00:00Z 80",
  details: { percent: 80, limit: 20, used: 16.1 },
  raised_at: "2026-11-26T11:59:00+00:00",
};

/** A tenant with a webhook, whose server answers each attempt in turn. */
async function scene({ answers, outcome = "enabled", url = HOOK, message = received, source = "message" }: {
  answers: (() => Response)[];
  outcome?: "none" | "enabled";
  url?: string;
  message?: typeof received;
  source?: "message" | "notice";
}) {
  const results: Record<string, unknown> = {
    forward_webhook_of: [{
      outcome,
      id: crypto.randomUUID(),
      url,
      sealed_secret: await seal(sealing, SECRET, webhookSecretBinding(USER)),
      created_at: received.created_at,
    }],
    message_of: [message],
    notice_of: [notice],
  };
  const written: { name: string; args: Record<string, unknown> }[] = [];
  const db = {
    rpc: (name: string, args: Record<string, unknown>) => {
      if (!(name in results)) written.push({ name, args });
      return { abortSignal: () => Promise.resolve({ data: results[name] ?? "done", error: null }) };
    },
  } as unknown as Db;
  const posts: { headers: Headers; body: string }[] = [];
  let time = START;
  const dependencies = {
    db,
    sealing,
    publicBaseUrl: "https://ref.supabase.co/functions/v1",
    forwardToPrivate: false,
    now: () => new Date(time),
    fetch: (async (input: string, init: RequestInit) => {
      const request = new Request(input, init);
      posts.push({ headers: request.headers, body: await request.text() });
      time += 25;
      return answers.shift()!();
    }) as typeof fetch,
  };
  return {
    written,
    posts,
    now: dependencies.now,
    attempt: (retryInSeconds: number | null) =>
      forwardEvent({ userId: USER, id: MESSAGE, source }, retryInSeconds, dependencies),
    pass: (seconds: number) => void (time += seconds * 1000),
  };
}

const responds = (status: number) => () => new Response(null, { status });

Deno.test("each attempt signs the links to the media anew for 24 hours, under the same event id", async () => {
  const { attempt, posts, pass, now } = await scene({ answers: [responds(500), responds(204)] });
  await assert.rejects(attempt(3600));
  const first = posts[0]!;
  pass(5 * 3600);
  const at = now();
  await attempt(null);
  const links = [first, posts[1]!].map(({ body }) =>
    JSON.parse(body).data.media.map(({ url }: { url: string }) => Object.fromEntries(new URL(url).searchParams))
  );
  for (const [index, link] of links[1].entries()) {
    assert.deepEqual([link.message, link.index, Number(link.expires)], [
      MESSAGE,
      String(index),
      Math.floor(at.getTime() / 1000) + 86_400,
    ]);
    const signed = { messageId: MESSAGE, index, expires: Number(link.expires), signature: link.signature };
    assert.equal(await checkLink(signed, { ring: sealing, now: () => at }), "valid");
    assert.notEqual(link.signature, links[0][index].signature);
  }
  assert.equal(links[1].length, 2);
  assert.deepEqual(posts.map(({ headers }) => headers.get("webhook-id")), [MESSAGE, MESSAGE]);
  for (const { headers, body } of posts) {
    const sentAt = new Date(Number(headers.get("webhook-timestamp")) * 1000);
    assert.equal(headers.get("webhook-signature"), new Webhook(SECRET).sign(MESSAGE, sentAt, body));
  }
});

Deno.test("once the deletion of a message was requested, an attempt posts neither its text nor its media", async () => {
  const message = { ...received, redaction_requested_at: "2026-11-26T11:59:30+00:00" };
  const { attempt, posts } = await scene({ answers: [responds(204)], message });
  await attempt(null);
  const { data } = JSON.parse(posts[0]!.body);
  assert.deepEqual([data.id, data.from, data.body, data.media], [MESSAGE, received.from_number, null, []]);
});

const recorded = (status: string, httpStatus: number | null, failure: string | null, next: number | null) => ({
  name: "record_forward_attempt",
  args: {
    p_user_id: USER,
    p_event_id: MESSAGE,
    p_status: status,
    p_http_status: httpStatus,
    p_duration_ms: httpStatus === null ? null : 25,
    p_failure: failure,
    p_next_seconds: next,
  },
});

Deno.test("an attempt is recorded as delivered, as pending with its retry, or as failed after the last one", async () => {
  const unreachable = () => {
    throw new TypeError(`error sending request for url (${HOOK})`);
  };
  const cases: [() => Response, retryInSeconds: number | null, ReturnType<typeof recorded>][] = [
    [responds(200), 60, recorded("delivered", 200, null, null)],
    [responds(299), null, recorded("delivered", 299, null, null)],
    [responds(302), 60, recorded("pending", 302, "refused", 60)],
    [responds(500), null, recorded("failed", 500, "refused", null)],
    [unreachable, 60, recorded("pending", null, "no_response", 60)],
    [unreachable, null, recorded("failed", null, "no_response", null)],
  ];
  for (const [answer, retryInSeconds, expected] of cases) {
    const { attempt, written } = await scene({ answers: [answer] });
    const error = await attempt(retryInSeconds).then(() => null, (error) => error);
    assert.deepEqual(written, [expected]);
    assert.equal(error === null, expected.args.p_failure === null);
    // The error of a job is stored: it contains neither the tenant's URL nor a link.
    if (error !== null) assert.doesNotMatch(`${error.message} ${error.cause}`, /token|signature|hooks\.example/);
  }
});

Deno.test("a stored URL that would not be accepted today is not requested", async () => {
  const { attempt, written, posts } = await scene({ answers: [], url: "https://db.internal/hook" });
  await assert.rejects(attempt(60));
  assert.deepEqual([written, posts], [[recorded("pending", null, "not_public", 60)], []]);
});

Deno.test("a 410 fails the delivery, disables the webhook with this URL, and is not retried", async () => {
  const { attempt, written } = await scene({ answers: [responds(410)] });
  await attempt(60);
  assert.deepEqual(written, [recorded("failed", 410, "refused", null), {
    name: "disable_forward_webhook",
    args: { p_user_id: USER, p_url: HOOK, p_reason: "The endpoint answered 410 Gone" },
  }]);
});

Deno.test("without a webhook in use nothing is posted, and the delivery is canceled", async () => {
  const { attempt, written, posts } = await scene({ answers: [], outcome: "none" });
  await attempt(60);
  const canceled = { name: "cancel_forward_delivery", args: { p_user_id: USER, p_event_id: MESSAGE } };
  assert.deepEqual([written, posts], [[canceled], []]);
});

Deno.test("a notice is posted as a signed event whose type is its kind, and its attempt is recorded as a message's is", async () => {
  const { attempt, posts, written } = await scene({ answers: [responds(500), responds(200)], source: "notice" });
  await assert.rejects(attempt(60));
  await attempt(null);
  assert.deepEqual(JSON.parse(posts[0]!.body), {
    type: "usage.threshold",
    timestamp: "2026-11-26T11:59:00.000Z",
    data: { id: MESSAGE, subject: notice.subject, details: notice.details },
  });
  assert.equal(posts[1]!.body, posts[0]!.body);
  for (const { headers, body } of posts) {
    const sentAt = new Date(Number(headers.get("webhook-timestamp")) * 1000);
    assert.equal(headers.get("webhook-signature"), new Webhook(SECRET).sign(MESSAGE, sentAt, body));
  }
  assert.deepEqual(written, [recorded("pending", 500, "refused", 60), recorded("delivered", 200, null, null)]);
});
