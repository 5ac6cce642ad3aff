import assert from "node:assert/strict";
import type { Answer } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { listen } from "../support/listener.ts";
import { sharedStage, test } from "../support/stage.ts";
import {
  allow,
  buy,
  type Caller,
  forwardTo,
  freshNumber,
  freshRecipient,
  newcomer,
  provisioned,
} from "../support/tenants.ts";

const stage = sharedStage();

const today = () => new Date().toISOString().slice(0, 10);
const dayAfter = (day: string) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);

/** A tenant with a number, who pays 1.7321 times what Twilio charges: 1.99192 for a number of 1.15. */
async function marked(name: string): Promise<Caller> {
  const tenant = await provisioned(stage, name);
  await allow(stage, tenant, { spend: 50 });
  await stage.database.sql`
    update public.plans set markup = 1.7321, segment_price = 0.00631 where key = ${`of-${tenant.id}`}`;
  return { ...tenant, number: await buy(tenant, freshNumber()) };
}

/** Twilio's prices of a sent and of a received message. The tenant's are 0.01440 and 0.01308. */
async function price({ id }: Caller): Promise<void> {
  await stage.database.sql`
    update public.sms_messages set price = case direction when 'outbound' then -0.00831 else -0.00755 end, price_unit = 'USD'
    where user_id = ${id}`;
}

test("get-usage returns what a tenant used in their own prices, as JSON and as CSV, with limits and freshness", async () => {
  const ada = await marked("ada");
  await ada.switchboard.sendSms({ to: freshRecipient(), body: "x".repeat(161) });
  await stage.twilio.inbound({ from: freshRecipient(), to: ada.number, body: "Hi" });
  await price(ada);
  const usage = await ada.switchboard.getUsage();
  const { sql } = stage.database;
  const [{ estimated }] = await sql`select count(*)::int as estimated from public.sms_messages where user_id = ${ada.id}
    and price is null` as unknown as [{ estimated: number }];
  assert.equal(estimated, 0);
  const rows = [
    { kind: "sms_out", currency: "USD", count: 1, segments: 2, price: 0.0144 },
    { kind: "sms_in", currency: "USD", count: 1, segments: 1, price: 0.01308 },
    { kind: "number", currency: "USD", count: 1, segments: 0, price: 1.99192 },
  ];
  const month = { from: `${today().slice(0, 7)}-01`, until: usage.until };
  assert.deepEqual(usage.usage, rows.map((row) => ({ ...month, ...row })));
  assert.deepEqual(usage.totals, rows);
  assert.deepEqual(usage.prices, [{ currency: "USD", price: 2.0194 }]);
  const { forecast, ...period } = usage.period;
  assert.deepEqual(period, {
    ...month,
    plan: `of-${ada.id}`,
    currency: "USD",
    price: 2.0194,
    limit: 50,
    left: 47.9806,
  });
  // On the first three days of a month there is none.
  assert.ok(Number(today().slice(8)) <= 3 ? forecast === null : forecast! >= 2.0194, String(forecast));
  assert.deepEqual(usage.messages, { day: { limit: 10_000, left: 9_999 }, month: { limit: 10_000, left: 9_999 } });
  assert.equal(usage.freshness.estimatedMessages, 0);

  const byDay = await ada.switchboard.getUsage({ by: "day", from: today() });
  assert.deepEqual([byDay.from, byDay.until], [today(), dayAfter(today())]);
  assert.deepEqual(byDay.usage, rows.map((row) => ({ from: today(), until: dayAfter(today()), ...row })));
  const csv = await ada.switchboard.getUsageCsv({ by: "day", from: today() });
  assert.deepEqual(csv.split("\r\n"), [
    "from,until,kind,currency,count,segments,price",
    ...rows.map((row) => [today(), dayAfter(today()), ...Object.values(row)].join(",")),
    "",
  ]);
});

test("a user without a subaccount has the limits of the shared numbers, and no usage of another tenant's", async () => {
  const ben = await newcomer(stage, "ben");
  const { usage, prices, period, messages } = await ben.switchboard.getUsage({ by: "month" });
  assert.deepEqual([usage, prices, period.plan, period.price, period.left], [[], [], "fallback", 0, 5]);
  assert.deepEqual(messages.day, { limit: 20, left: 20 });
});

/** What Twilio charges, and the markup. As numbers of their own, not as digits of a time or of another number. */
const COSTS = [1.15, 0.0083, 0.00831, 0.00755, 0.00631, 1.7321]
  .map((cost) => new RegExp(`(?<![\\d.:])-?${String(cost).replace(".", "\\.")}0*(?![\\d.:])`));

test("with a markup, no response, row, event or delivery that a tenant gets contains what Twilio charges", async () => {
  await using server = await listen();
  const ada = await marked("ada");
  await forwardTo(ada, `${server.url}/hook`);
  const { sql } = stage.database;
  const texts: string[] = [];
  const call = async (...args: Parameters<Caller["call"]>): Promise<Answer> => {
    const answer = await ada.call(...args);
    texts.push(`${args[0]}: ${JSON.stringify(answer.body)} ${JSON.stringify([...answer.headers])}`);
    return answer;
  };
  const to = freshRecipient();
  await call("send-sms", { body: { to, body: "Hi" }, headers: { "idempotency-key": "one" } });
  await stage.twilio.inbound({ from: to, to: ada.number, body: "Hello" });
  const delivery = await eventually("the message to be forwarded", async () => {
    await stage.database.hurry(ada.id);
    const { deliveries: [latest] } = await ada.switchboard.forwardDeliveries();
    return latest?.status === "delivered" && latest;
  });
  await price(ada);

  const replayed = server.heard.length;
  await call(`forward-webhook/deliveries/${delivery.id}/replay`, { method: "POST" });
  await eventually("the message to be forwarded again", async () => {
    await stage.database.hurry(ada.id);
    return server.heard.length > replayed;
  });
  assert.match(server.heard.at(-1)!.body, /"price":0\.01308,/);
  texts.push(...server.heard.map(({ body }) => `forwarded: ${body}`));

  const listed = await call("list-messages");
  assert.deepEqual(listed.body.messages.map((message: { price: number }) => message.price), [0.01308, 0.0144]);
  const { body: { numbers: [offered] } } = await call("search-numbers?country=US");
  assert.deepEqual(offered.monthlyPrice, { amount: "1.99192", currency: "USD" });
  const dryRun = await call("send-bulk", {
    body: { body: "Hi", recipients: [{ to }, { to: freshRecipient() }], dryRun: true },
  });
  assert.equal(dryRun.body.preview.sent.recipients, 2);
  await sql`update public.plans set max_number_price = 1.99 where key = ${`of-${ada.id}`}`;
  const dear = assertRefused(await call("buy-number", { body: { phoneNumber: freshNumber() } }), [
    403,
    "number_price_limit_reached",
  ]);
  assert.deepEqual(dear, [{ limit: 1.99, price: 1.99192 }]);
  await sql`update public.plans set max_number_price = 2, spend_limit = 2.01 where key = ${`of-${ada.id}`}`;
  await call("buy-number", { body: { phoneNumber: freshNumber() } });
  await sql`update public.plans set spend_limit = 0 where key = ${`of-${ada.id}`}`;
  await call("send-sms", { body: { to, body: "Hi" } });
  await call("send-bulk", { body: { body: "Hi", recipients: [{ to }], from: ada.number } });
  for (
    const path of [
      "get-usage",
      "get-usage?by=day",
      "get-usage?by=month&format=csv",
      "list-conversations",
      "campaigns",
      "list-numbers",
      "forward-webhook/deliveries",
      `forward-webhook/deliveries/${delivery.id}`,
      "messaging-settings",
      "provision-subaccount",
      "opt-outs",
    ]
  ) assert.equal((await call(path)).status, 200, path);

  // Every column that the tenant may read of every table.
  const tables = await sql`
    select c.relname, string_agg(quote_ident(a.attname), ',') as columns from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
      and has_column_privilege('authenticated', c.oid, a.attnum, 'select')
    group by c.relname`;
  assert.ok(tables.length >= 10);
  for (const { relname, columns } of tables) {
    const { data, error } = await ada.data.from(relname as "plans").select(columns);
    assert.equal(error, null, relname);
    texts.push(`${relname}: ${JSON.stringify(data)}`);
  }
  assert.ok(texts.some((text) => text.startsWith("sms_messages: ") && text.includes("Hello")));
  const leaks = texts.flatMap((text) =>
    COSTS.flatMap((cost) => text.match(cost)?.[0] ?? []).map((cost) => [cost, text])
  );
  assert.deepEqual(leaks, []);
});
