import assert from "node:assert/strict";
import twilio from "twilio/lib/webhooks/webhooks.js";
import { callFunction } from "../../local/driver/actor.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { freshRecipient, provisioned, type Tenant } from "../support/tenants.ts";

const stage = sharedStage();

/** Posts JSON as Twilio signs it: the URL contains the hash of `hashed`, and the signature covers the URL. */
function postJson({ id, authToken }: Tenant, body: string, hashed = body) {
  const path = `twilio-webhook/inbound/${id}?bodySHA256=${twilio.getExpectedBodyHash(hashed)}`;
  const signature = twilio.getExpectedTwilioSignature(authToken, `${stage.state.apiUrl}/functions/v1/${path}`, {});
  return callFunction(stage.state, path, { method: "POST", body, headers: { "x-twilio-signature": signature } });
}

test("a JSON webhook is accepted when the signed hash matches its body, and a changed body is refused", async () => {
  const ada = await provisioned(stage, "ada");
  const message = {
    AccountSid: ada.accountSid,
    MessageSid: `SM${crypto.randomUUID().replaceAll("-", "")}`,
    From: freshRecipient(),
    To: "+14155550100",
    Body: "in JSON é✓",
    NumMedia: 0,
    Further: { of: "no interest" },
  };
  const body = JSON.stringify(message);
  assertRefused(await postJson(ada, body.replace("in JSON", "altered"), body), [403, "forbidden"]);
  const stored = () => stage.database.sql`select body from public.sms_messages where user_id = ${ada.id}`;
  assert.equal((await stored()).length, 0);
  assert.equal((await postJson(ada, body)).status, 200);
  assert.deepEqual((await stored()).map((row) => row["body"]), ["in JSON é✓"]);
});

test("a hashed body that is not JSON, or names no account, is refused as forbidden", async () => {
  const ada = await provisioned(stage, "ada");
  for (const body of ["", "null", "[1]", '{"AccountSid":{"not":"text"}}', "AccountSid=" + ada.accountSid]) {
    assertRefused(await postJson(ada, body), [403, "forbidden"]);
  }
});
