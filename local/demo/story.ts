import assert from "node:assert/strict";
import { type Actor, signIn, signUp } from "../driver/actor.ts";
import { eventually } from "../driver/eventually.ts";
import { type StripeSide, stripeSide } from "../driver/stripe-side.ts";
import { type TwilioSide, twilioSide } from "../driver/twilio-side.ts";
import type { StackState } from "../stack-state.ts";
import { billingClock } from "../driver/billing-clock.ts";

/** The values that the steps share. Each step can add to them. */
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

export interface Step {
  title: string;
  /** Runs the step, checks its effects and returns lines of evidence. @throws Error if a check fails */
  play(facts: Facts): Promise<string[]>;
}

const FRIEND = "+14155550123";

/** Returns the facts before the first step. The steps fill in the rest. */
export function factsOf(state: StackState): Facts {
  return { state, twilio: twilioSide(state), stripe: stripeSide(state) } as Facts;
}

/**
 * Runs through the product: subscription, subaccount, number, messages, campaign, a second user without a subaccount,
 * usage, the operator's board, and at last the invoice of a billing period.
 */
export const STORY: readonly Step[] = [
  {
    title: "Ada and Ben sign up",
    async play(facts) {
      [facts.ada, facts.ben] = await Promise.all([signUp(facts.state, "ada"), signUp(facts.state, "ben")]);
      return [`Ada is user ${facts.ada.id}`, `Ben is user ${facts.ben.id}`];
    },
  },
  {
    title: "Ada buys the Team plan on Stripe",
    async play(facts) {
      const bought = await facts.stripe.subscribe({
        clientReferenceId: facts.ada.id,
        plan: "team",
        email: facts.ada.email,
        // As create-checkout does: the subscription is her own, and not a gift.
        subscriptionMetadata: { user_id: facts.ada.id },
      });
      facts.subscriptionId = bought.subscriptionId;
      return [
        `subscription ${bought.subscriptionId} of customer ${bought.customerId}`,
        `Stripe sends ${bought.eventIds.length} signed events`,
      ];
    },
  },
  {
    title: "The Stripe webhook provisions Ada's subaccount",
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
    title: "Twilio has exactly one account for Ada, active and owned by the master account",
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
        `owned by the master account ${account.owner_account_sid}`,
      ];
    },
  },
  {
    title: "Repeated provisioning creates no second subaccount",
    async play({ ada, twilio, subaccountSid }) {
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => ada.call("provision-subaccount", { method: "POST" })),
      );
      for (const { status, body } of answers) assert.deepEqual([status, body.subaccountSid], [200, subaccountSid]);
      assert.equal((await twilio.accountsNamed(`switchboard:${ada.id}`)).length, 1);
      return ["5 concurrent requests: 5 × 200 with the same SID, still 1 account at Twilio"];
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
        `${found.length} available numbers; bought ${facts.number} (${bought.phoneSid}), her primary number`,
        `Twilio: owned by ${owned.account_sid}`,
      ];
    },
  },
  {
    title: "Ada sends an SMS from her subaccount",
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
        "a second request with the same Idempotency-Key: the same message, 1 request to Twilio",
      ];
    },
  },
  {
    title: "Twilio's status callback marks the message as delivered",
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
    title: "A friend replies, then opts out with STOP",
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
        `a message to the friend after STOP: ${refused.status} ${refused.body.code}, without a request to Twilio`,
      ];
    },
  },
  {
    title: "Ada sends a campaign to 100 recipients; the friend who opted out is skipped",
    async play(facts) {
      const operator = await signInOperator(facts.state);
      await operator.switchboard.admin.setNumberSendRate({
        phoneNumber: facts.number,
        messagesPerSecond: 25,
        reason: "registered for 10DLC",
      });
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
        "Twilio: 99 personalized texts to 99 numbers, at the send rate of 25 per second that the operator set",
      ];
    },
  },
  {
    title: "Ben has no subaccount: he sends through the master account, and the response says so",
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
        `Twilio: authenticated as ${creations[0]?.account}, the master account`,
      ];
    },
  },
  {
    title: "Twilio counts each account's messages separately",
    async play({ twilio, state, subaccountSid }) {
      // Usage shows a message when it was handed to a carrier.
      const [ada, master] = await eventually("all messages in usage", async () => {
        const counts = await Promise.all(
          [subaccountSid, state.twilio.accountSid].map((sid) => outboundUsage(twilio, sid)),
        );
        return counts.every((count, index) => Number(count) >= [100, 1][index]!) && counts;
      });
      assert.deepEqual([ada, master], ["100", "1"]);
      return [
        `Ada's subaccount ${subaccountSid}: ${ada} outbound SMS`,
        `the master account ${state.twilio.accountSid}: ${master} outbound SMS, sent by Ben`,
      ];
    },
  },
  {
    title: "Ada sees what she used, in her own prices, and what is left of her limits",
    async play({ ada }) {
      const { totals, period, messages, freshness } = await ada.switchboard.getUsage();
      const counted = Object.fromEntries(totals.map(({ kind, count }) => [kind, count]));
      assert.deepEqual(counted, { sms_out: 100, sms_in: 2, number: 1 });
      const sum = totals.reduce((cents, { price }) => cents + Math.round(price * 100_000), 0);
      assert.equal(Math.round(period.price * 100_000), sum);
      const { data: cost } = await ada.data.from("sms_messages").select("price" as "id");
      assert.equal(cost, null);
      const days = await ada.switchboard.getUsageCsv({ by: "day" });
      assert.equal(days.trim().split("\r\n").length, 1 + totals.length);
      const currency = period.currency ?? "";
      return [
        ...table(
          ["kind", "count", "segments", `price ${currency}`],
          totals.map(({ kind, count, segments, price }) => [kind, count, segments, price.toFixed(5)]),
        ),
        `billing period ${period.from} to ${period.until}: ${period.price.toFixed(2)} of ${period.limit} used, ` +
        `${period.left.toFixed(2)} left; forecast: ${period.forecast?.toFixed(2) ?? "after three complete days"}`,
        `messages left: ${messages.day.left} of ${messages.day.limit} today, ` +
        `${messages.month.left} of ${messages.month.limit} this month`,
        `${freshness.estimatedMessages} messages count at an estimate until Twilio has priced them; what Twilio charges is not shown`,
      ];
    },
  },
  {
    title: "The operator's board: each tenant with plan, spending and limits, and what the installation needs",
    async play({ state, ada, ben, subaccountSid, number }) {
      const { admin } = (await signInOperator(state)).switchboard;
      await admin.syncTenant({ userId: ada.id, reason: "demo" });
      const [{ tenants }, { alerts }, health] = await Promise.all([
        admin.listTenants(),
        admin.listAlerts(),
        // A first sync of usage, and the first count of accounts without a paying tenant, run within seconds.
        eventually("usage to be read and unpaid accounts to be counted", async () => {
          const seen = await admin.health();
          return seen.unpaid.countedAt !== null && seen.usage.oldestUnreadDay === null && seen;
        }, 60_000),
      ]);
      assert.ok(!tenants.some(({ userId }) => userId === ben.id), "Ben has no subaccount");
      assert.deepEqual([alerts.length, health.deadLetters.count], [0, 0]);
      const views = await Promise.all(tenants.map(({ userId }) => admin.tenant(userId)));
      const shown = views.find(({ tenant }) => tenant.userId === ada.id);
      assert.deepEqual(
        [shown?.tenant.status, shown?.tenant.isOverLimit, shown?.tenant.isUnpaid, shown?.numbers.length],
        [
          "active",
          false,
          false,
          1,
        ],
      );
      const { days } = await admin.tenantUsage(ada.id);
      assert.deepEqual(days.filter(({ kind }) => kind === "sms_out").map(({ count }) => count), [100]);
      return [
        ...table(
          ["tenant", "status", "plan", "over limit", "numbers", "cost", "price", "left"],
          views.map(({ tenant, numbers, usage }) => [
            tenant.email ?? tenant.userId,
            tenant.status,
            tenant.plan ?? "",
            tenant.isOverLimit ? "yes" : "no",
            numbers.length,
            usage.cost.toFixed(4),
            usage.price.toFixed(4),
            usage.remaining.spend.toFixed(2),
          ]),
        ),
        `Ada: ${subaccountSid}, ${number}; ${shown?.timeline.entries.length} lines in her timeline`,
        ...table(
          ["lane", "jobs", "due", "waits s"],
          health.lanes.map(({ lane, jobs, due, waitsSeconds }) => [lane, jobs.count, due.count, waitsSeconds]),
        ),
        `open alerts: ${alerts.length}, dead letters: ${health.deadLetters.count}; ` +
        `subaccounts: ${health.capacity.open} of ${health.capacity.max}`,
        `usage at Twilio: ${health.usage.due.count} accounts due, no unread day before today; ` +
        `reconciliation: ${health.reconciliation.unexplained.count} unexplained days`,
        `accounts without a paying tenant: ${
          health.unpaid.totals.map(({ accounts, monthlyCost, currency }) =>
            `${accounts} cost ${monthlyCost} ${currency} a month`
          ).join(", ") || "none"
        }, counted at ${health.unpaid.countedAt}`,
      ];
    },
  },
  {
    title: "Ada and Ben cannot read or use each other's data",
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
        `Ben reads the token column: permission denied (${error.code})`,
      ];
    },
  },
  {
    title: "A billing period passes, and Ada's statement adds up to her invoice",
    async play({ state, stripe, ada }) {
      // A draft stays one for three days, as the Stripe step of docs/deploying.md says.
      await stripe.account({ gracePeriodSeconds: 72 * HOUR });
      await using clock = billingClock(state, stripe);
      const { statements: [open] } = await ada.switchboard.listStatements();
      assert.ok(open !== undefined, "Ada has a statement of her present billing period");
      const { id, until } = open;
      const end = new Date(until).getTime();
      const after = (hours: number) => new Date(end + hours * HOUR * 1000);
      await clock.passPeriod(after(0), async () => (await ada.switchboard.statement(id)).invoices.length > 0);
      await clock.eventually("the usage of the period to be sent to Stripe", async () => {
        const { status, units, pendingUnits, invoices } = await ada.switchboard.statement(id);
        return status === "closing" && units > 0 && pendingUnits === 0 && invoices.length > 0;
      });
      await clock.passTo(after(50));
      const { statements: [next] } = await clock.eventually("the next period's statement", async () => {
        const page = await ada.switchboard.listStatements();
        return page.statements.length === 2 && page;
      });
      await clock.passTo(after(90));
      const statement = await clock.eventually("the invoice to be final and compared", async () => {
        const shown = await ada.switchboard.statement(id);
        return shown.status === "closed" && shown;
      });
      assert.deepEqual(statement.addsUp, { ledger: true, summaries: true, invoice: true });
      assert.ok(statement.totals.some(({ kind, count }) => kind === "sms_out" && count === 100), "100 sent SMS");
      const [invoice] = statement.invoices;
      const billedUnits = invoice!.lines.reduce((sum, { quantity }) => sum + (quantity ?? 0), 0);
      assert.equal(billedUnits, statement.units);
      const page = await ada.switchboard.statementAs("html", id);
      assert.match(page, /The lines add up to the invoice\./);
      const currency = statement.currency.toUpperCase();
      return [
        ...table(
          ["day", "kind", "count", "segments", `price ${currency}`, "included", "amount", "units"],
          statement.lines.map(({ kind, day, count, segments, price, included, amount, units }) => [
            day,
            kind,
            count,
            segments,
            price.toFixed(5),
            included.toFixed(5),
            amount.toFixed(5),
            units,
          ]),
        ),
        ...table(
          [`invoice ${invoice!.number}`, "units of ours", "units billed", "exactly", `billed ${currency}`, "rounding"],
          statement.totals.map(({ kind, units, invoicedUnits }) => {
            const billed = invoice!.lines.find((line) => line.kind === kind);
            return [
              kind,
              units,
              invoicedUnits ?? 0,
              (units / 10_000).toFixed(4),
              (billed?.amount ?? 0).toFixed(2),
              (billed?.rounding ?? 0).toFixed(4),
            ];
          }),
        ),
        `sum: ${statement.units} units on the statement, ${billedUnits} on the invoice, which is ${invoice!.status}`,
        `the statement is ${statement.status}; the one of the next period is ${next!.status}`,
      ];
    },
  },
];

const HOUR = 3600;

/** Signs in the stack's demo operator. */
async function signInOperator(state: StackState): Promise<Actor> {
  const operator = state.users.find(({ role }) => role === "operator");
  if (operator === undefined) throw new Error("Cannot sign in the operator: the stack has none");
  return await signIn(state, operator);
}

/** Rows under their heads, numbers to the right. */
function table(heads: string[], rows: (string | number)[][]): string[] {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => String(row[column]).length)));
  const line = (cells: (string | number)[]) =>
    cells.map((cell, column) =>
      /^[\d.]+$/.test(String(cell)) ? String(cell).padStart(widths[column]!) : String(cell).padEnd(widths[column]!)
    ).join("  ").trimEnd();
  return [line(heads), ...rows.map(line)];
}

async function outboundUsage(twilio: TwilioSide, accountSid: string): Promise<string> {
  const { usage_records: [record] } = await twilio.get(
    `/Accounts/${accountSid}/Usage/Records.json?Category=sms-outbound&IncludeSubaccounts=false`,
  );
  return record.count;
}

/** Awaits a Data API query. @throws Error if the query fails */
async function mustRead<Result extends { error: { message: string } | null }>(
  query: PromiseLike<Result>,
): Promise<Result> {
  const result = await query;
  if (result.error !== null) throw new Error(`Cannot read: ${result.error.message}`);
  return result;
}
