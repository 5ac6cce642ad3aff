import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { listen, type Listener } from "../support/listener.ts";
import { ownStage, test } from "../support/stage.ts";
import { allow, forwardTo, newcomer, withNumber } from "../support/tenants.ts";
import { tokenFor } from "../support/tokens.ts";
import { actorOf, runJobs } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { LANES, onEachQueue } from "../support/queues.ts";
import { doEverything, type People } from "./canary/deeds.ts";
import { dump } from "./canary/dump.ts";
import { type Recorder, startRecorder } from "./canary/recorder.ts";
import { type Document, Secrets, type Sighting } from "./canary/secrets.ts";
import { TROUBLES } from "./canary/troubles.ts";

const world = ownStage({ scheduler: false, env: { RATE_LIMIT_FACTOR: "1000", MASTER_FALLBACK: "on" } });
const { stage, log } = world;

/** All secrets of the stack. Each is random and made for this run, so none can appear by chance. */
async function secretsOfTheStack(): Promise<Secrets> {
  const { state } = stage;
  const kept = JSON.parse(await Deno.readTextFile(join(state.dataDir, "secrets.json")));
  const secrets = new Secrets();
  secrets.add("Twilio's master token", state.twilio.authToken);
  secrets.add("Stripe's key", state.stripe.secretKey!);
  secrets.add("Stripe's webhook secret", state.stripe.webhookSecret);
  secrets.add("the secret key", state.secretKey);
  secrets.add("the database's password", new URL(state.dbUrl).password);
  secrets.add("the secret of internal tokens", kept.jwtSecret);
  secrets.addBase64("the key of user tokens", kept.signingKey.d);
  for (const [id, key] of Object.entries<string>(JSON.parse(kept.tokenSealingKeys))) {
    secrets.addBase64(`sealing key ${id}`, key);
  }
  return secrets;
}

const addToken = (secrets: Secrets, name: string, jwt: string) =>
  secrets.add(`${name}'s user token`, jwt.split(".")[2]!);

/** Tokens change during the run, so Twilio is asked after every round. */
async function addSubaccountTokens(secrets: Secrets): Promise<void> {
  const { accounts } = await stage.twilio.get("/Accounts.json?PageSize=1000");
  for (const { sid, auth_token } of accounts) {
    if (sid !== stage.state.twilio.accountSid) secrets.add(`the token of ${sid}`, auth_token);
  }
}

async function people(secrets: Secrets, { url }: Listener): Promise<People> {
  const ada = await withNumber(stage, "ada");
  await allow(stage, ada, {});
  const secret = await forwardTo(ada, `${url}/hook`);
  secrets.addBase64("the secret of Ada's webhook", secret.replace("whsec_", ""));
  const boss = await newcomer(stage, "operator");
  const accessToken = await tokenFor(stage.state, { sub: boss.id, app_metadata: { role: "operator" } });
  addToken(secrets, "Ada", ada.accessToken);
  addToken(secrets, "the operator", accessToken);
  return {
    ada,
    operator: actorOf(stage.state, { ...boss, accessToken }),
    words: randomBytes(24).toString("base64url"),
  };
}

async function evidence(recorder: Recorder): Promise<Document[]> {
  const lines = log.map((text) => ({ place: "log", text }));
  return [...recorder.documents, ...lines, ...await dump(stage.database.sql)];
}

const search = (secrets: Secrets, documents: Document[]): Sighting[] =>
  documents.flatMap((document) => secrets.findIn(document));

/** Places that must not contain message texts: logs, queues, the audit log, and responses to operators. */
const NO_PLACE_FOR_TEXTS =
  /^(log|console|pgmq\.|private\.(job_errors|schedules|tenancies)|public\.(audit_log|webhook_events)|response to \w+ \S*\/(admin|run-jobs|stripe-webhook)\b)/;

/** The users of the first test, of which the second deletes one. */
let cast: People;

test("no secret appears in any response, log line, queue or table, under any fault", async () => {
  const { state, twilio, database: { sql } } = stage;
  const isSimulator = (url: string) => url.startsWith(state.twilio.url) || url.startsWith(state.stripe.url);
  const secrets = await secretsOfTheStack();
  await using server = await listen();
  // Before the recorder starts: the response that creates the webhook is meant to contain its secret.
  cast = await people(secrets, server);
  using recorder = startRecorder(isSimulator);
  for (const [turn, trouble] of TROUBLES.entries()) {
    await addSubaccountTokens(secrets);
    const end = await trouble.begin(world);
    try {
      await doEverything(stage, cast, turn);
    } finally {
      await end();
    }
  }
  await cast.operator.call("admin/replay", { body: { deadLetters: "all", reason: "again" } });
  await doEverything(stage, cast, 0);
  await addSubaccountTokens(secrets);
  for (const signature of recorder.signatures) secrets.add("a signature", signature);

  const documents = await evidence(recorder);
  assert.deepEqual(search(secrets, documents), []);
  const texts = new Secrets();
  texts.add("what Ada wrote", cast.words);
  // A trigger that puts rows into its message gets them logged. Postgres itself puts them into DETAIL, which is not logged.
  const sightings = search(texts, documents.filter(({ text }) => !text.includes("Failing row contains")));
  assert.deepEqual(sightings.filter(({ place }) => NO_PLACE_FOR_TEXTS.test(place)), []);
  for (const place of ["public.sms_messages", "public.campaigns"]) {
    assert.ok(sightings.some((sighting) => sighting.place === place), `${place} contains no text of Ada's`);
  }
  assert.ok(server.heard.length > 0, "no text was forwarded");

  const counted = (place: string) => documents.filter((document) => document.place === place).length;
  const failures = [...recorder.statuses].filter(([status]) => status >= 500).reduce(
    (sum, [, times]) => sum + times,
    0,
  );
  assert.ok(failures > 30, `only ${failures} responses failed`);
  assert.ok(recorder.signatures.size > 30 && counted("log") > 200);
  for (
    const table of [
      "pgmq.q_jobs_dead",
      "pgmq.q_jobs_control",
      "public.webhook_events",
      "public.audit_log",
      "public.sms_messages",
    ]
  ) {
    assert.ok(counted(table) > 0, `${table} has no rows to search`);
  }
  const bytes = documents.reduce((sum, { text }) => sum + text.length, 0);
  console.log(
    `figures: canary: ${secrets.size} secrets searched in ${documents.length} documents of ${
      (bytes / 1e6).toFixed(1)
    } MB, after ${TROUBLES.length} kinds of faults and ${failures} responses above 499`,
  );

  // The same search with planted secrets must find them.
  const [account] = (await twilio.get(`/Accounts/${cast.ada.accountSid}.json`).then((one) => [one])) as [
    { auth_token: string },
  ];
  await addSubaccountTokens(secrets);
  const half = btoa(`AC:${account.auth_token.slice(0, 20)}`);
  await sql`insert into public.audit_log (actor, action, details) values ('test', 'leak', ${
    sql.json({ note: `Basic ${half}` })
  })`;
  await cast.ada.call(`search-numbers?${state.secretKey}=1`);
  const places = search(secrets, await evidence(recorder)).map(({ place }) => place);
  assert.ok(places.includes("public.audit_log"), "a planted token is not found in a table");
  assert.ok(places.some((place) => place.startsWith("response to GET")), "a planted key is not found in a response");
});

/** What may still name a deleted user, and why. */
const KEPT_AFTER_ERASURE: Record<string, string> = {
  "public.audit_log": "what was done, without texts: its details are emptied after a year",
  "public.webhook_events": "what Stripe sent: its payload is emptied after thirty days",
  "private.master_consents": "who opted out of shared numbers, which belong to no tenant",
  "private.leaving_numbers": "numbers at Twilio that are still to be released",
};

test("after the erasure of a deleted user no table has their words, address or numbers, but for the listed ones", async () => {
  const { ada, words } = cast;
  const { database: { sql }, state } = stage;
  const numbers = await sql<{ number: string }[]>`
    select own_number as number from public.sms_messages where user_id = ${ada.id}
    union select peer_number from public.sms_messages where user_id = ${ada.id}
    union select phone_number from public.user_twilio_numbers where user_id = ${ada.id}
    union select recipient from public.sms_opt_outs where user_id = ${ada.id}
    union select r.to_number from private.campaign_recipients r join public.campaigns c on c.id = r.campaign_id
      where c.user_id = ${ada.id}`;
  assert.ok(numbers.length > 10, `${numbers.length} numbers`);
  const marks = [words, ada.email, ...numbers.map(({ number }) => number)].filter((mark) => mark !== "");
  const markedPlaces = async () => {
    const documents = await dump(sql);
    return [
      ...new Set(documents.flatMap(({ place, text }) => marks.some((mark) => text.includes(mark)) ? [place] : [])),
    ];
  };
  const before = await markedPlaces();
  for (const place of ["auth.users", "public.sms_messages", "public.sms_conversations"]) {
    assert.ok(before.includes(place), `${place} names no user before the deletion`);
  }
  await sql`delete from auth.users where id = ${ada.id}`;
  await eventually("the erasure", async () => {
    await onEachQueue(sql, (queue) => sql`update ${queue} set vt = now()`);
    for (const lane of LANES) await runJobs(state, lane);
    return (await sql`select from private.jobs where message ->> 'kind' = 'erase-user'`).length === 0;
  });
  assert.deepEqual((await markedPlaces()).filter((place) => !(place in KEPT_AFTER_ERASURE)), []);
  const [kept] = await sql`select count(*)::int as messages from public.sms_messages
    where user_id = ${ada.id}`;
  assert.ok(kept!["messages"] > 10, "the ledger has no rows of the deleted user");
});

Deno.test("a secret is found in every encoding and in part, and other text is not", () => {
  const secrets = new Secrets();
  const secret = randomBytes(24).toString("base64url");
  secrets.add("it", secret);
  const bytes = new TextEncoder().encode(secret);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  const forms = {
    plain: secret,
    part: secret.slice(5, 21),
    hex: hex.join(""),
    "HEX, in part": hex.join("").toUpperCase().slice(7, 30),
    percent: hex.map((byte) => `%${byte}`).join(""),
    ...Object.fromEntries([0, 1, 2, 3].map((n) => [`base64 after ${n}`, btoa("x".repeat(n) + secret + "yyy")])),
    "base64, of a part": btoa(`user:${secret.slice(0, 20)}`),
  };
  for (const [form, text] of Object.entries(forms)) {
    assert.equal(secrets.findIn({ place: "", text: `before ${text} after` }).length > 0, true, form);
  }
  for (
    const text of ["", secret.slice(0, 15), randomBytes(3_000).toString("base64"), randomBytes(3_000).toString("hex")]
  ) {
    assert.deepEqual(secrets.findIn({ place: "", text }), []);
  }
  assert.throws(() => secrets.add("too little", "x".repeat(15)), /fewer than 16/);
});
