import assert from "node:assert/strict";
import type { MessagingSettings, MessagingSettingsChange } from "../../client/switchboard.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer } from "../support/tenants.ts";

const stage = sharedStage();

/** The settings without their version. */
function rules({ version: _version, ...rules }: MessagingSettings): MessagingSettingsChange {
  return rules;
}

const DEFAULTS: MessagingSettingsChange = {
  stopReply: null,
  startReply: null,
  helpReply: null,
  allowedCountries: null,
  retentionDays: null,
};

const SOME: MessagingSettingsChange = {
  stopReply: "Goodbye",
  startReply: "Welcome back",
  helpReply: "Write to help@ada.test ✓",
  allowedCountries: ["US", "DE"],
  retentionDays: 30,
};

test("a tenant without settings gets the defaults", async () => {
  const { switchboard } = await newcomer(stage, "ada");
  assert.deepEqual(await switchboard.messagingSettings(), { ...DEFAULTS, version: 0 });
});

test("saved settings are returned, replaced as a whole, and reset by saving the defaults", async () => {
  const { switchboard } = await newcomer(stage, "ada");
  assert.deepEqual(await switchboard.saveMessagingSettings(SOME), { ...SOME, version: 1 });
  assert.deepEqual(await switchboard.messagingSettings(), { ...SOME, version: 1 });
  const others = { ...DEFAULTS, helpReply: "Help!", retentionDays: 3650 };
  assert.deepEqual(await switchboard.saveMessagingSettings(others), { ...others, version: 2 });
  assert.deepEqual(await switchboard.messagingSettings(), { ...others, version: 2 });
  await switchboard.saveMessagingSettings(DEFAULTS);
  assert.deepEqual(rules(await switchboard.messagingSettings()), DEFAULTS);
});

test("settings of a caller who read an older version are refused, and the same settings again are not", async () => {
  const ada = await newcomer(stage, "ada");
  const { switchboard } = ada;
  const first = await switchboard.messagingSettings();
  const saved = await switchboard.saveMessagingSettings({ ...first, stopReply: "Goodbye" });
  assertRefused(
    await ada.call("messaging-settings", { body: { ...first, helpReply: "Help!" } }),
    [409, "settings_changed"],
  );
  assert.deepEqual(await switchboard.saveMessagingSettings({ ...first, stopReply: "Goodbye" }), saved);
  const next = await switchboard.saveMessagingSettings({ ...saved, helpReply: "Help!" });
  assert.deepEqual(next, { ...saved, helpReply: "Help!", version: 2 });
  assert.deepEqual(await switchboard.messagingSettings(), next);
});

test("blanks around a reply are removed", async () => {
  const { switchboard } = await newcomer(stage, "ada");
  const saved = await switchboard.saveMessagingSettings({ ...DEFAULTS, stopReply: "  Goodbye\n" });
  assert.equal(saved.stopReply, "Goodbye");
  assert.equal((await switchboard.messagingSettings()).stopReply, "Goodbye");
});

test("a reply with a character that XML cannot carry is refused by its name", async () => {
  const ada = await newcomer(stage, "ada");
  const answer = await ada.call("messaging-settings", { body: { ...DEFAULTS, helpReply: "Call\u000bus" } });
  assertRefused(answer, [400, "invalid_input"]);
  assert.match(answer.body.message, /"helpReply": contains U\+000B/);
});

test("a country is saved in capitals, and one that does not exist is refused with the one that is meant", async () => {
  const { call } = await newcomer(stage, "ada");
  const { body } = await call("messaging-settings", { body: { ...DEFAULTS, allowedCountries: ["de", "GB"] } });
  assert.deepEqual(body.allowedCountries, ["DE", "GB"]);
  const [detail] = assertRefused(
    await call("messaging-settings", { body: { ...DEFAULTS, allowedCountries: ["UK"] } }),
    [400, "invalid_input"],
  );
  assert.deepEqual(
    [detail?.["field"], detail?.["message"]],
    ["allowedCountries.0", 'must be a country (ISO 3166, two letters): "UK" is not one, use "GB"'],
  );
});

test("tenants have separate settings, in the function and in the Data API", async () => {
  const [ada, ben] = await Promise.all([newcomer(stage, "ada"), newcomer(stage, "ben")]);
  await ada.switchboard.saveMessagingSettings(SOME);
  assert.deepEqual(rules(await ben.switchboard.messagingSettings()), DEFAULTS);
  await ben.switchboard.saveMessagingSettings({ ...DEFAULTS, retentionDays: 1 });
  assert.deepEqual(rules(await ada.switchboard.messagingSettings()), SOME);
  const { data } = await ben.data.from("messaging_settings").select("user_id, retention_days");
  assert.deepEqual(data, [{ user_id: ben.id, retention_days: 1 }]);
});

test("of many concurrent saves one is stored as a whole", async () => {
  const { switchboard } = await newcomer(stage, "ada");
  const wishes = Array.from(
    { length: 10 },
    (_, index) => ({ ...SOME, stopReply: `Bye ${index}`, retentionDays: index + 1 }),
  );
  await Promise.all(wishes.map((wish) => switchboard.saveMessagingSettings(wish)));
  const kept = rules(await switchboard.messagingSettings());
  assert.deepEqual(kept, wishes[kept.retentionDays! - 1]);
});

test("a deleted user cannot save settings", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.database.sql`delete from auth.users where id = ${ada.id}`;
  assertRefused(await ada.call("messaging-settings", { body: SOME }), [401, "unauthorized"]);
});
