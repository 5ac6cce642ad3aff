import assert from "node:assert/strict";
import type { Actor } from "../../local/driver/actor.ts";
import { ownStage, test } from "../support/stage.ts";
import { newcomer } from "../support/tenants.ts";
import { forgedToken, tokenFor, unsignedToken } from "../support/tokens.ts";
import { attack, type Attacker } from "./data-api/attacker.ts";
import { type Attempt, callings, readings, trespasses, writings } from "./data-api/attempts.ts";
import { type Catalogue, fingerprint, readCatalogue, type Table } from "./data-api/catalogue.ts";
import { rowsOfEverything } from "./data-api/rows.ts";

/** Without the scheduler, because nothing else may write while the tables are compared. */
const { stage } = ownStage({ scheduler: false });

/** The columns of each table that a signed-in tenant may read, in their own rows (of `plans`: in all rows). */
const READABLE: Readonly<Record<string, string>> = {
  audit_log: "",
  campaigns:
    "id user_id name from_number body media_urls status status_reason twilio_error_code scheduled_at send_window started_at " +
    "finished_at total waiting in_flight sent delivered failed unknown skipped recipients_deleted_at retry_of created_at updated_at",
  contacts: "user_id phone_number name notes tags created_at updated_at",
  forward_deliveries: "id user_id status attempts attempt_count next_attempt_at created_at",
  messaging_settings: "user_id stop_reply start_reply help_reply allowed_countries retention_days version updated_at",
  operator_alerts: "",
  plans:
    "key name rank version superseded_at stripe_price_id max_numbers max_purchases_per_day max_purchases_per_month max_number_price " +
    "daily_message_limit monthly_message_limit spend_limit currency included_sms_out included_sms_in included_mms_out " +
    "included_mms_in included_numbers " +
    "allowed_countries excluded_territories messages_per_second past_due_grace retention leaving_numbers release_notice " +
    "parking sending_grace entitle_while_pending",
  sms_conversations: "id user_id own_number peer_number last_message_at read_until unread",
  sms_messages:
    "id user_id direction from_number to_number body media_urls media_types status twilio_message_sid account_sid source " +
    "error_code error_message num_segments encoding campaign_id own_number peer_number redacted_at " +
    "idempotency_key status_updated_at created_at",
  sms_opt_outs: "id sender recipient user_id source keyword message_sid opted_out_at",
  subscriptions:
    "id user_id origin named_user_id stripe_customer_id plan_key unknown_prices status first_payment_pending " +
    "past_due_since current_period_start current_period_end trial_end currency cancel_at ended_at created_at updated_at read_number",
  tenant_notices: "id user_id kind subject details raised_at",
  twilio_usage: "",
  user_preferences: "user_id twilio_subaccount_sid twilio_subaccount_status twilio_subaccount_created_at " +
    "twilio_subaccount_friendly_name",
  user_twilio_numbers: "id user_id phone_number phone_sid friendly_name capabilities is_primary status purchased_at " +
    "account_sid messages_per_second is_held created_at updated_at",
  webhook_events: "",
};
const readableOf = ({ name }: Table) => READABLE[name]?.split(" ").filter(Boolean) ?? [];

interface Scene {
  catalogue: Catalogue;
  victim: Actor;
  /** The values in the victim's rows. */
  markers: string[];
  attacker: Actor;
  strangers: Attacker[];
}

let prepared: Promise<Scene> | undefined;
const scene = () => prepared ??= prepare();
let attempted = 0;

async function prepare(): Promise<Scene> {
  const { database: { sql }, state } = stage;
  const [victim, attacker] = await Promise.all([newcomer(stage, "victim"), newcomer(stage, "attacker")]);
  const { markers } = await rowsOfEverything(sql, victim.id);
  await rowsOfEverything(sql, attacker.id);
  const claims = { sub: victim.id, role: "service_role" };
  const bearer = (token: string, genuine: boolean) => ({
    headers: { apikey: state.publishableKey, authorization: `Bearer ${token}` },
    genuine,
  });
  return {
    catalogue: await readCatalogue(sql),
    victim,
    markers: Object.values(markers),
    attacker,
    strangers: [
      { name: "A caller with the publishable key", headers: { apikey: state.publishableKey }, genuine: true },
      { name: "A caller without a key", headers: {}, genuine: false },
      { name: "A service role with a forged token", ...bearer(await forgedToken(state, claims), false) },
      { name: "A service role with an unsigned token", ...bearer(unsignedToken(state, claims), false) },
      { name: "The victim with an expired token", ...bearer(await tokenFor(state, { sub: victim.id }, "-1h"), false) },
    ],
  };
}

const signedIn = (name: string, { accessToken }: Actor): Attacker => ({
  name,
  headers: { apikey: stage.state.publishableKey, authorization: `Bearer ${accessToken}` },
  genuine: true,
});

async function assertNoSuccess(attacker: Attacker, all: Attempt[], secrets: Parameters<typeof attack>[3]) {
  // Invalid credentials are refused before the request is looked at, so a sample is enough.
  const attempts = attacker.genuine ? all : all.filter((_, index) => index % 10 === 0);
  assert.ok(attempts.length > 0);
  attempted += attempts.length;
  const successes = await attack(stage.state, attacker, attempts, secrets);
  assert.deepEqual(successes.slice(0, 20), [], `${successes.length} of ${attempts.length} attempts`);
}

/** Without a user, requests a tenant may make are denied; requests of a form the API may not know are refused in any way. */
function withoutAnyRight(attempt: Attempt): Attempt {
  const isSimple = attempt.outcome !== "refused" && !attempt.path.includes("(");
  return { ...attempt, outcome: isSimple ? "denied" : "refused" };
}

test("every table and column of the Data API is listed in this file, as readable or as hidden", async () => {
  const { catalogue: { tables } } = await scene();
  assert.deepEqual(tables.map(({ name }) => name), Object.keys(READABLE).sort());
  for (const table of tables) {
    assert.deepEqual(readableOf(table).filter((column) => !table.columns.includes(column)), [], table.name);
  }
});

test("a tenant reads their own rows, so that the attacks have a target", async () => {
  const { catalogue: { tables }, victim, markers } = await scene();
  let seen = "";
  for (const table of tables.filter((table) => readableOf(table).length > 0)) {
    const { data, error } = await victim.data.from(table.name as "plans").select(
      READABLE[table.name]!.replaceAll(" ", ","),
    );
    assert.equal(error, null, table.name);
    assert.ok(data!.length > 0, table.name);
    seen += JSON.stringify(data);
  }
  assert.equal(markers.filter((marker) => seen.includes(marker)).length, 11);
});

test("a tenant reads nothing of another tenant's, by any column, filter, order, count, embedding or format", async () => {
  const { catalogue: { tables }, victim, attacker, markers } = await scene();
  const aim = { attackerId: attacker.id, victimId: victim.id };
  const attempts = tables.flatMap((table) => readings(table, readableOf(table), aim));
  await assertNoSuccess(signedIn("Another tenant", attacker), attempts, { victimId: victim.id, markers });
});

test("a tenant cannot read hidden columns of their own row", async () => {
  const { catalogue: { tables }, victim, attacker } = await scene();
  const aim = { attackerId: attacker.id, victimId: victim.id };
  const attempts = tables.flatMap((table) => readings(table, readableOf(table), aim))
    .filter(({ outcome }) => outcome !== "own");
  await assertNoSuccess(signedIn("The tenant", victim), attempts, null);
});

test("a caller without a user reads nothing", async () => {
  const { catalogue: { tables }, victim, attacker, markers, strangers } = await scene();
  const aim = { attackerId: attacker.id, victimId: victim.id };
  for (const stranger of strangers) {
    const attempts = tables.flatMap((table) => readings(table, readableOf(table), aim)).map(withoutAnyRight);
    await assertNoSuccess(stranger, attempts, { victimId: victim.id, markers });
  }
});

test("no caller writes: no insert, update, delete or upsert, not even to their own rows", async () => {
  const { catalogue, victim, attacker, strangers } = await scene();
  const before = await fingerprint(stage.database.sql, catalogue);
  const attackers: [Attacker, string][] = [
    [signedIn("Another tenant", attacker), attacker.id],
    [signedIn("The tenant", victim), victim.id],
    ...strangers.map((stranger): [Attacker, string] => [stranger, attacker.id]),
  ];
  for (const table of catalogue.tables) {
    const [row] = await stage.database.sql`select to_jsonb(t) as row from public.${
      stage.database.sql(table.name)
    } t limit 1`;
    for (const [caller, attackerId] of attackers) {
      await assertNoSuccess(caller, writings(table, row!["row"], { attackerId, victimId: victim.id }), null);
    }
  }
  assert.deepEqual(await fingerprint(stage.database.sql, catalogue), before);
});

test("only the service role calls functions of the database", async () => {
  const { catalogue, victim, attacker, strangers } = await scene();
  const before = await fingerprint(stage.database.sql, catalogue);
  const aim = { attackerId: attacker.id, victimId: victim.id };
  const attempts = catalogue.routines.flatMap((routine) => callings(routine, aim));
  for (const caller of [signedIn("Another tenant", attacker), ...strangers]) {
    await assertNoSuccess(caller, attempts, null);
  }
  assert.deepEqual(await fingerprint(stage.database.sql, catalogue), before);
});

test("no caller reaches a table or function of another schema", async () => {
  const { catalogue, attacker, victim, markers, strangers } = await scene();
  const before = await fingerprint(stage.database.sql, catalogue);
  for (const caller of [signedIn("Another tenant", attacker), ...strangers]) {
    await assertNoSuccess(caller, trespasses(catalogue.unlisted), { victimId: victim.id, markers });
  }
  assert.deepEqual(await fingerprint(stage.database.sql, catalogue), before);
  const { tables, routines, unlisted } = catalogue;
  console.log(
    `figures: Data API: ${attempted} attempts at ${tables.length} tables, ${routines.length} functions and ${unlisted.length} tables of other schemas`,
  );
});
