import assert from "node:assert/strict";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer } from "../support/tenants.ts";

const stage = sharedStage();

/** A user whose subscription has a past and a present billing period; 2,730 units of the past one are on a final invoice. */
async function billed(name: string) {
  const user = await newcomer(stage, name);
  const { sql } = stage.database;
  const [subscription, customer] = [`sub_${user.id}`, `cus_${user.id}`];
  await sql`insert into private.own_subscriptions (subscription_id, since, user_id, plan_key, plan_rank, is_running, created_at)
    values (${subscription}, '-infinity', ${user.id}, 'team', 1, true, '2026-01-01Z')`;
  await sql`insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency,
    books_closed_at) values
    (${subscription}, '2026-08-01Z', '2026-09-01Z', ${user.id}, ${customer}, 'eur', '2026-09-03Z'),
    (${subscription}, '2026-09-01Z', '2099-01-01Z', ${user.id}, ${customer}, 'eur', null)`;
  await sql`insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start,
    period_end, count, segments, cost, price, included, exchange_rate, currency, amount, units, remainder, state, billed_start,
    billed_subscription_id, accepted_at, event_at)
    values (${user.id}, 'sms_out', '2026-08-03', 'USD', ${subscription}, ${customer}, '2026-08-01Z', '2026-09-01Z', 20, 30,
      0.31337, 0.5, 0.197, 0.901, 'eur', 0.273003, 2730, 0.03, 'accepted', '2026-08-01Z', ${subscription}, now(), '2026-08-03Z')`;
  await sql`insert into private.stripe_invoices (id, user_id, stripe_customer_id, subscription_id, number, status, currency,
    created_at, period_start, period_end, finalised_at, total, hosted_url, metered)
    values (${`in_${user.id}`}, ${user.id}, ${customer}, ${subscription}, 'A-0007', 'paid', 'eur', '2026-09-01T00:01:00Z',
      '2026-08-01Z', '2026-09-01Z', '2026-09-04Z', 2027, 'https://invoice.stripe.com/i/7',
      '[{"kind": "sms_out", "quantity": "2730", "amount": 27}]')`;
  const { statements: [open, closed] } = await user.switchboard.listStatements();
  return { user, open: open!, closed: closed! };
}

test("list-statements lists a tenant's statements, newest first, page by page", async () => {
  const { user, open, closed } = await billed("ada");
  assert.deepEqual([open.status, open.from, open.units, open.invoices], ["open", "2026-09-01T00:00:00.000Z", 0, []]);
  assert.deepEqual([closed.status, closed.currency, closed.units, closed.amount], ["closed", "eur", 2730, 0.273003]);
  const first = await user.switchboard.listStatements({ limit: 1 });
  assert.deepEqual(first.statements, [open]);
  const second = await user.switchboard.listStatements({ limit: 1, cursor: first.next! });
  assert.deepEqual(second.statements, [closed]);
  assert.deepEqual(await user.switchboard.listStatements({ limit: 1, cursor: second.next! }), {
    statements: [],
    next: null,
  });
});

test("a statement has its lines, its totals and the lines of its invoice, and says that they add up", async () => {
  const { user, closed } = await billed("ben");
  const statement = await user.switchboard.statement(closed.id);
  const use = { count: 20, segments: 30, price: 0.4505, included: 0.177497, amount: 0.273003, units: 2730 };
  assert.deepEqual(statement, {
    ...closed,
    lines: [{
      kind: "sms_out",
      day: "2026-08-03",
      type: "usage",
      state: "billed",
      from: "2026-08-01T00:00:00.000Z",
      until: "2026-09-01T00:00:00.000Z",
      isLate: false,
      ...use,
    }],
    totals: [{ kind: "sms_out", ...use, remainder: 0.03, pendingUnits: 0, othersUnits: 0, invoicedUnits: 2730 }],
    addsUp: { ledger: true, summaries: null, invoice: true },
  });
  assert.deepEqual(statement.invoices, [{
    id: `in_${user.id}`,
    number: "A-0007",
    status: "paid",
    total: 20.27,
    url: "https://invoice.stripe.com/i/7",
    lines: [{ kind: "sms_out", quantity: 2730, amount: 0.27, rounding: -0.003 }],
  }]);
  const csv = await user.switchboard.statementAs("csv", closed.id);
  assert.deepEqual(csv.replace("\uFEFF", "").split("\r\n"), [
    "kind,day,type,state,from,until,isLate,count,segments,currency,price,included,amount,units",
    "sms_out,2026-08-03,usage,billed,2026-08-01T00:00:00.000Z,2026-09-01T00:00:00.000Z,false,20,30,eur,0.4505,0.177497,0.273003,2730",
    "",
  ]);
  const page = await user.call(`list-statements/${closed.id}?format=html`);
  assert.match(page.headers.get("content-security-policy")!, /^default-src 'none'; style-src 'sha256-[^']+'; /);
  const html = await user.switchboard.statementAs("html", closed.id);
  for (const text of [user.id, "A-0007", "€0.273", "The lines add up to the invoice."]) {
    assert.ok(html.includes(text), text);
  }
});

test("no form of a statement has a cost, an exchange rate or a price in the currency of Twilio", async () => {
  const { user, closed } = await billed("cy");
  const texts = [
    JSON.stringify(await user.switchboard.listStatements()),
    JSON.stringify(await user.switchboard.statement(closed.id)),
    await user.switchboard.statementAs("csv", closed.id),
    await user.switchboard.statementAs("html", closed.id),
  ];
  for (const text of texts) {
    assert.doesNotMatch(
      text.replaceAll(/[0-9a-f-]{36}/g, ""),
      /0\.31337|0\.901|USD|\$|0\.197\b|:0\.5\b|,0\.5,|rate"|cost/,
    );
  }
});

test("another tenant's statement and an unknown one answer 404, and a user without a subscription has none", async () => {
  const { closed } = await billed("dee");
  const mallory = await newcomer(stage, "mallory");
  for (const id of [closed.id, crypto.randomUUID()]) {
    for (const format of ["json", "csv", "html"]) {
      assertRefused(await mallory.call(`list-statements/${id}?format=${format}`), [404, "not_found"]);
    }
  }
  assert.deepEqual(await mallory.switchboard.listStatements(), { statements: [], next: null });
});
