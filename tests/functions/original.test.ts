import assert from "node:assert/strict";
import { type Actor, signUp } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { sharedStage, test } from "../support/stage.ts";

// The four manual checks of the product that this one replaces, made here as a frontend, Stripe and Twilio would make them, with
// a real sign-up.

const stage = sharedStage();

async function activeSubaccount(user: Actor): Promise<string> {
  return await eventually("the subaccount to be active", async () => {
    const { body } = await user.call("provision-subaccount");
    return body.status === "active" && body.subaccountSid;
  });
}

test("manual provisioning", async () => {
  const user = await signUp(stage.state, "user");
  const { status, body } = await user.call("provision-subaccount", { method: "POST" });
  assert.equal(status, 201, body.message);
  assert.equal(body.success, true);
  assert.match(body.subaccountSid, /^AC[0-9a-f]{32}$/);
  assert.ok(body.friendlyName.includes(user.id));
  const again = await user.call("provision-subaccount", { method: "POST" });
  assert.deepEqual([again.status, again.body.subaccountSid], [200, body.subaccountSid]);
});

test("the subaccount seen at Twilio", async () => {
  const user = await signUp(stage.state, "user");
  const { body } = await user.call("provision-subaccount", { method: "POST" });
  const { accounts } = await stage.twilio.get("/Accounts.json?PageSize=1000");
  const seen = accounts.filter((account: { friendly_name: string }) => account.friendly_name.includes(user.id));
  assert.equal(seen.length, 1);
  assert.deepEqual([seen[0].sid, seen[0].status, seen[0].owner_account_sid], [
    body.subaccountSid,
    "active",
    stage.state.twilio.accountSid,
  ]);
});

test("the purchase flow with the SQL check", async () => {
  const user = await signUp(stage.state, "user");
  await stage.stripe.subscribe({ clientReferenceId: user.id, plan: "team", email: user.email });
  const sid = await activeSubaccount(user);
  const [row] = await stage.database.sql`
    select
      twilio_subaccount_sid,
      twilio_subaccount_auth_token_encrypted,
      twilio_subaccount_status,
      twilio_subaccount_created_at,
      twilio_subaccount_friendly_name
    from user_preferences
    where user_id = ${user.id}`;
  assert.equal(row?.["twilio_subaccount_sid"], sid);
  assert.equal(row?.["twilio_subaccount_status"], "active");
  assert.match(row?.["twilio_subaccount_auth_token_encrypted"], /^v1\./);
  assert.ok(row?.["twilio_subaccount_created_at"] instanceof Date);
  assert.equal(row?.["twilio_subaccount_friendly_name"], `switchboard:${user.id}`);
});

test("sending with the user-specific credentials", async () => {
  const user = await signUp(stage.state, "user");
  await user.call("provision-subaccount", { method: "POST" });
  const sid = await activeSubaccount(user);
  const { body: { numbers: [offered] } } = await user.call("search-numbers?areaCode=512&limit=1");
  const bought = await user.call("buy-number", { body: { phoneNumber: offered.phoneNumber } });
  assert.equal(bought.status, 201, bought.body.message);
  const to = `+1512${String(Date.now()).slice(-7).replace(/^[01]/, "2")}`;
  const sent = await user.call("send-sms", { body: { to, body: "Sent with my own credentials" } });
  assert.equal(sent.status, 201, sent.body.message);
  const seen = (await stage.twilio.requests()).filter(({ path, form }) =>
    path.endsWith("/Messages.json") && form["To"] === to
  );
  assert.deepEqual(seen.map(({ account, form }) => [account, form["From"]]), [[sid, offered.phoneNumber]]);
});
