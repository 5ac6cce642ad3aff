import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { openToken, seal, tokenBinding } from "../../supabase/functions/_shared/sealing/seal.ts";
import { parseKeyRing } from "../../supabase/functions/_shared/sealing/key-ring.ts";
import { type Stack, startStack } from "../../local/stack.ts";
import { type Actor, runJobs } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { listen, type Listener } from "../support/listener.ts";
import { signUpOperator } from "../support/operators.ts";
import { Stage, test } from "../support/stage.ts";
import { type Caller, forwardTo, freshRecipient, withNumber } from "../support/tenants.ts";
import { tokenFor } from "../support/tokens.ts";
import { postTwilioCallback } from "../support/webhooks.ts";

const KEYS: Record<string, string> = Object.fromEntries(
  ["k1", "k2", "k3"].map((id) => [id, randomBytes(32).toString("base64")]),
);
const ringText = (ids: string[]) => JSON.stringify(Object.fromEntries(ids.map((id) => [id, KEYS[id]])));
/** More than two batches of tokens. */
const DORMANT = 250;
/** All dormant tokens, Ada's token and the secret of her webhook. */
const SEALED = DORMANT + 2;

let stack: Stack | undefined;
let dataDir: string;
const log: string[] = [];

Deno.test.beforeAll(async () => {
  dataDir = await Deno.makeTempDir({ prefix: "switchboard-keys-" });
  await Deno.chmod(dataDir, 0o755); // as root the database runs as another user
  server = await listen();
});
Deno.test.afterAll(async () => {
  await stack?.stop();
  await server[Symbol.asyncDispose]();
  await Deno.remove(dataDir, { recursive: true });
});

/** One installation, restarted on its data with different keys each time. */
class Era {
  /** The stage of the running stack. */
  readonly stage = new Stage(() => stack!.state);

  constructor(private readonly keys: string[]) {}

  async begin(): Promise<Stage> {
    await stack?.stop();
    log.length = 0;
    stack = undefined;
    const functionsDeno = Deno.env.get("SWITCHBOARD_FUNCTIONS_DENO");
    stack = await startStack({
      dataDir,
      port: 0,
      scheduler: 250,
      env: { TOKEN_SEALING_KEYS: ringText(this.keys) },
      log: (line) => log.push(line),
      ...(functionsDeno !== undefined && { functionsDeno }),
    });
    return this.stage;
  }
}

const first = new Era(["k1"]);
const both = new Era(["k2", "k1"]);
const retired = new Era(["k2"]);
const tooEarly = new Era(["k3"]);
const putBack = new Era(["k3", "k2"]);
let ada: Caller;
/** Ada's server, which receives her texts, and the secret to verify them with. */
let server: Listener;
let secret: string;

/** Waits until `admin/sealing-keys` responds as expected. A failure shows the last response. */
async function keysBecome(operator: Actor, expected: Record<string, unknown>): Promise<void> {
  let shown: unknown;
  await eventually("the sealing keys", async () => {
    shown = await operator.switchboard.admin.sealingKeys();
    return JSON.stringify(shown) === JSON.stringify(expected);
  }).catch(() => assert.deepEqual(shown, expected));
}

/** Sends as the same user after a restart. The stack has another port then, so that their token has another issuer. */
const sendAs = async (stage: Stage, { id, number }: Caller) => {
  const response = await fetch(`${stage.state.apiUrl}/functions/v1/send-sms`, {
    method: "POST",
    headers: {
      apikey: stage.state.publishableKey,
      authorization: `Bearer ${await tokenFor(stage.state, { sub: id })}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ to: freshRecipient(), from: number, body: `from ${id}` }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
};

/** Adds closed accounts that keep their tokens: enough rows for several batches, and no job changes them. */
async function addDormantTokens({ database: { sql } }: Stage): Promise<void> {
  const ring = parseKeyRing(ringText(["k1"]));
  const rows = await Promise.all(Array.from({ length: DORMANT }, async (_, index) => {
    const id = crypto.randomUUID();
    const sid = `AC${String(index).padStart(32, "0")}`;
    return {
      id,
      email: `${id}@switchboard.test`,
      sid,
      token: await seal(ring, `token ${index}`, tokenBinding(id, sid)),
    };
  }));
  await sql`insert into auth.users ${sql(rows, "id", "email")}`;
  const preferences = rows.map(({ id, sid, token }) => ({
    user_id: id,
    twilio_subaccount_sid: sid,
    twilio_subaccount_auth_token_encrypted: token,
    twilio_subaccount_status: "closed",
  }));
  await sql`insert into public.user_preferences ${sql(preferences)}`;
}

test("with one key all tokens are sealed under it, and it cannot be retired", async () => {
  const stage = await first.begin();
  ada = await withNumber(stage, "ada");
  secret = await forwardTo(ada, server.url);
  await addDormantTokens(stage);
  await keysBecome(await signUpOperator(stage), {
    current: "k1",
    inUse: [{ keyId: "k1", tokens: SEALED }],
    missing: [],
    retirable: [],
  });
});

test("with a new first key all tokens are sealed again automatically, and the old key can be retired", async () => {
  const stage = await both.begin();
  const operator = await signUpOperator(stage);
  await keysBecome(operator, {
    current: "k2",
    inUse: [{ keyId: "k2", tokens: SEALED }],
    missing: [],
    retirable: ["k1"],
  });
  const progress = log.filter((line) => line.includes('"sealing_keys.progress"')).map((line) =>
    JSON.parse(line.slice(line.indexOf("{")))
  );
  assert.ok(progress.length >= 3, "the tokens were not sealed in batches");
  assert.ok(progress.reduce((sum, { resealed }) => sum + resealed, 0) >= DORMANT);
  const sample = await stage.database.sql`
    select user_id, twilio_subaccount_sid as sid, twilio_subaccount_auth_token_encrypted as token
    from public.user_preferences where twilio_subaccount_status = 'closed' order by twilio_subaccount_sid limit 3`;
  const opened = await Promise.all(
    sample.map(({ user_id, sid, token }) => openToken(parseKeyRing(ringText(["k2"])), user_id, sid, token)),
  );
  assert.deepEqual(opened, ["token 0", "token 1", "token 2"]);
  assert.equal((await sendAs(stage, ada)).status, 201);

  const asked = await operator.call("admin/rotate-sealing-keys", { body: { reason: "leaked" } });
  assert.equal(asked.status, 202, asked.body.message);
  const actions = await stage.database.sql`
    select distinct action from public.audit_log where action like 'sealing_keys.%' order by action`;
  assert.deepEqual(actions.map(({ action }) => action), [
    "sealing_keys.changed",
    "sealing_keys.resealed",
    "sealing_keys.rotation_requested",
  ]);
  assertRefused(await operator.call("admin/sealing-keys?x=1"), [400, "invalid_input"]);
});

test("sending works after the old key is removed", async () => {
  const stage = await retired.begin();
  assert.equal((await sendAs(stage, ada)).status, 201);
});

test("a webhook's secret is sealed again with the tokens, and stays valid for its tenant", async () => {
  const { stage } = retired;
  const [row] = await stage.database.sql`select sealed_secret from private.forward_webhooks where user_id = ${ada.id}`;
  assert.match(row?.["sealed_secret"], /^v1\.k2\./);
  const { status } = await postTwilioCallback(stage.state, {
    path: `inbound/${ada.id}`,
    token: ada.authToken,
    form: {
      AccountSid: ada.accountSid,
      MessageSid: `SM${randomBytes(16).toString("hex")}`,
      From: freshRecipient(),
      To: ada.number,
      Body: "Hello",
    },
  });
  assert.equal(status, 200);
  const call = await eventually("the text to be forwarded", () => server.heard[0]);
  assert.ok(new Webhook(secret).verify(call.body, call.headers));
});

test("a key removed too early is reported by its id, and no token is lost", async () => {
  const stage = await tooEarly.begin();
  assertRefused(await sendAs(stage, ada), [500, "internal_error"]);
  assert.ok(log.some((line) => line.includes('Cannot open a sealed token: key \\"k2\\" is not in TOKEN_SEALING_KEYS')));
  await keysBecome(await signUpOperator(stage), {
    current: "k3",
    inUse: [{ keyId: "k2", tokens: SEALED }],
    missing: ["k2"],
    retirable: [],
  });
  const { sql } = stage.database;
  // The schedules call the control lane within a minute. That call notes the new keys and asks for the rotation.
  assert.equal((await runJobs(stage.state)).status, 200);
  const failed = await eventually(
    "the job to fail",
    async () =>
      (await sql`select e.error from private.job_errors e join private.jobs q on q.lane = e.lane and q.msg_id = e.job_id
      where q.message ->> 'kind' = 'rotate-sealing-keys'`)[0],
  );
  assert.match(failed["error"], /Cannot open the tokens under "k2": .* must be put back/);
  const [told] = await sql`select verdict, finding from public.describe_installation() where subject = 'sealing keys'`;
  assert.deepEqual({ ...told }, {
    verdict: "fail",
    finding: `TOKEN_SEALING_KEYS lacks keys that tokens need: ${SEALED} for "k2"`,
  });
});

test("after a key is lost, its deleted tokens are read from Twilio again", async () => {
  const { stage } = tooEarly;
  const { database } = stage;
  await database.sql`
    update public.user_preferences set twilio_subaccount_auth_token_encrypted = null
    where user_id = ${ada.id} and twilio_subaccount_auth_token_encrypted like 'v1.k2.%'`;
  await database.enqueue({ kind: "converge-drifted" });
  const token = await eventually("the token", async () => (await database.preferencesOf(ada.id))?.token);
  assert.match(token, /^v1\.k3\./);
  assert.equal((await sendAs(stage, ada)).status, 201);
});

test("a restored key opens the tokens sealed under it, and can be retired afterwards", async () => {
  const stage = await putBack.begin();
  assert.equal((await sendAs(stage, ada)).status, 201);
  await keysBecome(await signUpOperator(stage), {
    current: "k3",
    inUse: [{ keyId: "k3", tokens: SEALED }],
    missing: [],
    retirable: ["k2"],
  });
});
