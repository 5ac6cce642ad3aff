import assert from "node:assert/strict";
import { type Actor, signIn, signUp } from "../driver/actor.ts";
import { eventually } from "../driver/eventually.ts";
import { type StripeSide, stripeSide } from "../driver/stripe-side.ts";
import { type TwilioSide, twilioSide } from "../driver/twilio-side.ts";
import type { StackState } from "../stack-state.ts";

/** What the demo knows so far: each step adds to it. */
interface Facts {
  state: StackState;
  twilio: TwilioSide;
  stripe: StripeSide;
  ada: Actor;
  ben: Actor;
  subscriptionId: string;
  subaccountSid: string;
  number: string;
  messageId: string;
  messageSid: string | null;
}

/** One step: what happens, and the evidence that it did. Throws where the evidence is missing. */
export interface Step {
  title: string;
  play(facts: Facts): Promise<string[]>;
}

const FRIEND = "+14155550123";

/** The facts before the first step. */
export function factsOf(state: StackState): Facts {
  return { state, twilio: twilioSide(state), stripe: stripeSide(state) } as Facts;
}

/** The whole product, once: subscribe, subaccount, number, message; and the other user, who has none of it. */
export const STORY: readonly Step[] = [
  {
    title: "Ada and Ben sign up",
    async play(facts) {
      [facts.ada, facts.ben] = await Promise.all([signUp(facts.state, "ada"), signUp(facts.state, "ben")]);
      return [`Ada is user ${facts.ada.id}`, `Ben is user ${facts.ben.id}`];
    },
  },
  {
    title: "Ada buys the Team plan at Stripe",
    async play(facts) {
      const bought = await facts.stripe.subscribe({
        clientReferenceId: facts.ada.id,
        plan: "team",
        email: facts.ada.email,
      });
      facts.subscriptionId = bought.subscriptionId;
      return [
        `subscription ${bought.subscriptionId} of customer ${bought.customerId}`,
        `Stripe sends ${bought.eventIds.length} signed events`,
      ];
    },
  },
  {
    title: "The webhook provisions her subaccount, without anybody asking",
    async play(facts) {
      const shown = await eventually("Ada's subaccount to become active", async () => {
        const { status, subaccountSid } = await facts.ada.switchboard.subaccount();
        return status === "active" && subaccountSid !== null && { status, subaccountSid };
      }, 20_000);
      facts.subaccountSid = shown.subaccountSid;
      const { data: subscription } = await mustRead(
        facts.ada.data.from("subscriptions").select("status, plan_key").single(),
      );
      assert.deepEqual(subscription, { status: "active", plan_key: "team" });
      return [`database: subaccount ${shown.subaccountSid}, status ${shown.status}, plan ${subscription?.plan_key}`];
    },
  },
  {
    title: "Twilio has exactly that account, active, under the master",
    async play({ twilio, state, ada, subaccountSid }) {
      const accounts = await twilio.accountsNamed(`switchboard:${ada.id}`);
      assert.deepEqual(accounts.map(({ sid, status }) => ({ sid, status })), [{
        sid: subaccountSid,
        status: "active",
      }]);
      const account = await twilio.get(`/Accounts/${subaccountSid}.json`);
      assert.equal(account.owner_account_sid, state.twilio.accountSid);
      return [
        `Twilio: 1 account named "${account.friendly_name}", ${account.sid}, ${account.status}`,
        `owned by the master ${account.owner_account_sid}`,
      ];
    },
  },
  {
    title: "Asking again makes no second one",
    async play({ ada, twilio, subaccountSid }) {
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => ada.call("provision-subaccount", { method: "POST" })),
      );
      for (const { status, body } of answers) assert.deepEqual([status, body.subaccountSid], [200, subaccountSid]);
      assert.equal((await twilio.accountsNamed(`switchboard:${ada.id}`)).length, 1);
      return ["5 requests at once: 5 × 200 with the same SID, still 1 account at Twilio"];
    },
  },
  {
    title: "Ada searches for a number and buys it",
    async play(facts) {
      const { switchboard } = facts.ada;
      const found = await switchboard.searchNumbers({ country: "US", type: "local", areaCode: "415" });
      facts.number = found[0]!.phoneNumber;
      const bought = await switchboard.buyNumber({ phoneNumber: facts.number, friendlyName: "Ada's line" });
      const { source, numbers } = await switchboard.listNumbers();
      assert.deepEqual(numbers.map((one) => [one.phoneNumber, one.isPrimary]), [[facts.number, true]]);
      assert.equal(source, "subaccount");
      const owned = await facts.twilio.get(
        `/Accounts/${facts.subaccountSid}/IncomingPhoneNumbers/${bought.phoneSid}.json`,
      );
      assert.equal(owned.phone_number, facts.number);
      return [
        `${found.length} numbers on offer, bought ${facts.number} (${bought.phoneSid}), her primary`,
        `Twilio: owned by ${owned.account_sid}`,
      ];
    },
  },
  {
    title: "Ada sends an SMS with her own credentials",
    async play(facts) {
      const idempotencyKey = crypto.randomUUID();
      const message = { to: FRIEND, body: "Hello from my own phone system ✓" };
      const sent = await facts.ada.switchboard.sendSms(message, { idempotencyKey });
      assert.deepEqual([sent.source, sent.from], ["subaccount", facts.number]);
      const repeated = await facts.ada.switchboard.sendSms(message, { idempotencyKey });
      assert.equal(repeated.sid, sent.sid);
      const creations = (await facts.twilio.requests()).filter((request) =>
        request.method === "POST" && request.form["To"] === FRIEND
      );
      assert.deepEqual(creations.map(({ account }) => account), [facts.subaccountSid]);
      facts.messageId = sent.id;
      facts.messageSid = sent.sid;
      return [
        `message ${sent.sid}, ${sent.segments} segment (${sent.encoding}), from ${sent.from}`,
        `Twilio: authenticated as ${creations[0]?.account}, her subaccount`,
        "the same Idempotency-Key again: the same message, 1 request at Twilio",
      ];
    },
  },
  {
    title: "Twilio's status callback makes it delivered",
    async play(facts) {
      const row = await eventually("the message to be delivered", async () => {
        const { data } = await mustRead(
          facts.ada.data.from("sms_messages").select("status, twilio_message_sid").eq("id", facts.messageId).single(),
        );
        return data?.status === "delivered" && data;
      });
      assert.equal(row.twilio_message_sid, facts.messageSid);
      return [`ledger: ${row.twilio_message_sid} is ${row.status}`];
    },
  },
  {
    title: "A friend replies, and it arrives; then says STOP, and is left alone",
    async play(facts) {
      await facts.twilio.inbound({ from: FRIEND, to: facts.number, body: "Nice!" });
      await facts.twilio.inbound({ from: FRIEND, to: facts.number, body: " stop. " });
      const received = await eventually("both replies", async () => {
        const { data } = await mustRead(
          facts.ada.data.from("sms_messages").select("body").eq("direction", "inbound").order("created_at"),
        );
        return data?.length === 2 && data;
      });
      const refused = await facts.ada.call("send-sms", { body: { to: FRIEND, body: "One more thing" } });
      assert.deepEqual([refused.status, refused.body.code], [403, "recipient_opted_out"]);
      return [
        `received: ${received.map(({ body }) => JSON.stringify(body)).join(", ")}`,
        `sending to them now: ${refused.status} ${refused.body.code}, before Twilio is asked`,
      ];
    },
  },
  {
    title: "Ada writes to a hundred at once; the friend who said STOP is passed over",
    async play(facts) {
      const operator = await signInOperator(facts.state);
      await operator.switchboard.admin.setNumberSendRate({ phoneNumber: facts.number, messagesPerSecond: 25 });
      const guests = Array.from({ length: 99 }, (_, index) => `+1530555${String(2000 + index)}`);
      const { campaign, accepted } = await facts.ada.switchboard.sendBulk({
        name: "Opening night",
        body: "Dear {{name}}, we open on Friday",
        recipients: [FRIEND, ...guests].map((to, index) => ({ to, variables: { name: `guest ${index}` } })),
      });
      assert.equal(accepted, 100);
      const done = await eventually("the campaign to be delivered", async () => {
        const seen = await facts.ada.switchboard.campaign(campaign!.id);
        return seen.counts.delivered + seen.counts.skipped === 100 && seen;
      }, 30_000);
      assert.deepEqual([done.counts.delivered, done.counts.skipped], [99, 1]);
      const texts = await facts.twilio.messagesOf(facts.subaccountSid);
      const invited = texts.filter(({ body }) => body.endsWith("we open on Friday"));
      assert.deepEqual([invited.length, new Set(invited.map(({ to }) => to)).size], [99, 99]);
      return [
        `campaign ${done.id}: ${done.counts.delivered} delivered, ${done.counts.skipped} skipped (opted out)`,
        "Twilio: 99 texts to 99 numbers, each with a text of its own, 25 a second as the operator allowed",
      ];
    },
  },
  {
    title: "Ben has no subaccount: he sends through the master, and is told so",
    async play(facts) {
      const listed = await facts.ben.switchboard.listNumbers();
      assert.equal(listed.source, "master");
      const to = "+14155550177";
      const sent = await facts.ben.switchboard.sendSms({ to, body: "Hello from Ben" });
      assert.equal(sent.source, "master");
      const creations = (await facts.twilio.requests()).filter((request) =>
        request.method === "POST" && request.form["To"] === to
      );
      assert.deepEqual(creations.map(({ account }) => account), [facts.state.twilio.accountSid]);
      return [
        `listed: "${listed.notice}"`,
        `sent ${sent.sid} from ${sent.from}: "${sent.notice}"`,
        `Twilio: authenticated as ${creations[0]?.account}, the master`,
      ];
    },
  },
  {
    title: "Each account is billed for its own messages alone",
    async play({ twilio, state, subaccountSid }) {
      const [ada, master] = await Promise.all(
        [subaccountSid, state.twilio.accountSid].map((sid) => outboundUsage(twilio, sid)),
      );
      assert.deepEqual([ada, master], ["100", "1"]);
      return [
        `Ada's subaccount ${subaccountSid}: ${ada} outbound SMS`,
        `the master ${state.twilio.accountSid}: ${master} outbound SMS, Ben's`,
      ];
    },
  },
  {
    title: "Neither sees anything of the other's",
    async play({ ada, ben, number }) {
      const seen = await Promise.all(
        (["sms_messages", "user_twilio_numbers", "subscriptions"] as const).map(async (table) => {
          const { data } = await mustRead(ben.data.from(table).select("user_id"));
          return data?.filter((row) => row.user_id !== ben.id).length;
        }),
      );
      assert.deepEqual(seen, [0, 0, 0]);
      const { data: adas } = await mustRead(ada.data.from("sms_messages").select("user_id"));
      assert.ok(adas?.every((row) => row.user_id === ada.id));
      const stolen = await ben.call("send-sms", { body: { to: "+14155550199", body: "as Ada", from: number } });
      assert.deepEqual([stolen.status, stolen.body.code], [403, "number_not_owned"]);
      const { error } = await ben.data.from("user_preferences").select(
        "twilio_subaccount_auth_token_encrypted" as "user_id",
      );
      assert.equal(error?.code, "42501");
      return [
        "Ben reads 0 of Ada's messages, numbers and subscriptions",
        `Ben sends from Ada's number: ${stolen.status} ${stolen.body.code}`,
        `Ben reads the token column: refused (${error.code})`,
      ];
    },
  },
];

/** The demo's operator, who is there since the start. */
async function signInOperator(state: StackState): Promise<Actor> {
  const operator = state.users.find(({ role }) => role === "operator");
  if (operator === undefined) throw new Error("The stack has no operator");
  return await signIn(state, operator);
}

async function outboundUsage(twilio: TwilioSide, accountSid: string): Promise<string> {
  const { usage_records: [record] } = await twilio.get(
    `/Accounts/${accountSid}/Usage/Records.json?Category=sms-outbound&IncludeSubaccounts=false`,
  );
  return record.count;
}

/** A read over the Data API whose failure ends the step. */
async function mustRead<Result extends { error: { message: string } | null }>(
  query: PromiseLike<Result>,
): Promise<Result> {
  const result = await query;
  if (result.error !== null) throw new Error(`Cannot read: ${result.error.message}`);
  return result;
}
