import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import {
  type Alert,
  createSwitchboard,
  type ErrorCode,
  SwitchboardError,
  type SwitchboardOptions,
} from "../../client/switchboard.ts";
import parsePrometheus from "parse-prometheus-text-format";
import { type Actor, callFunction } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { watchedFetch } from "../../local/driver/watched-fetch.ts";
import { assertInvalid, assertRefused } from "../support/answers.ts";
import { sendsTo } from "../support/ledger.ts";
import { signUpOperator } from "../support/operators.ts";
import { sharedStage, test } from "../support/stage.ts";
import { freshNumber, freshRecipient, newcomer, provisioned, quiescence, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

/** The client of an actor whose requests use `fetch`. */
function clientOver(fetch: typeof globalThis.fetch, { accessToken }: Actor, options?: SwitchboardOptions) {
  const supabase = createClient(stage.state.apiUrl, stage.state.publishableKey, {
    accessToken: () => Promise.resolve(accessToken),
    global: { fetch },
  });
  return createSwitchboard(supabase, options);
}

/** The error a call fails with. */
async function failureOf(call: Promise<unknown>): Promise<SwitchboardError> {
  const failure = await call.then(() => assert.fail("the call did not fail"), (error: unknown) => error);
  assert.ok(failure instanceof SwitchboardError, String(failure));
  return failure;
}

async function assertFails(call: Promise<unknown>, status: number, code: ErrorCode): Promise<SwitchboardError> {
  const failure = await failureOf(call);
  assert.deepEqual([failure.status, failure.code], [status, code], failure.message);
  return failure;
}

/** Loses the responses to the first calls. The calls still take effect. */
function losing(answers: number): { fetch: typeof globalThis.fetch; requests: Request[] } {
  const requests: Request[] = [];
  return {
    requests,
    async fetch(input, init) {
      const request = new Request(input, init);
      requests.push(request.clone());
      const response = await watchedFetch(request);
      if (requests.length > answers) return response;
      await response.body?.cancel();
      throw new TypeError("connection reset");
    },
  };
}

test("a tenant provisions, searches, buys, lists and sends, each with one call", async () => {
  const { switchboard, id } = await newcomer(stage, "ada");
  assert.equal((await switchboard.subaccount()).provisioned, false);
  const made = await switchboard.provisionSubaccount();
  assert.equal(made.status, "active");
  assert.deepEqual(await switchboard.provisionSubaccount(), made);
  const { provisioned, subaccountSid } = await switchboard.subaccount();
  assert.deepEqual([provisioned, subaccountSid], [true, made.subaccountSid]);

  const [offered, ...others] = await switchboard.searchNumbers({ areaCode: "415", sms: true, limit: 1 });
  assert.deepEqual([others.length, offered?.phoneNumber.slice(0, 5)], [0, "+1415"]);
  const bought = await switchboard.buyNumber({ phoneNumber: freshNumber(), friendlyName: "Support" });
  const { source, numbers } = await switchboard.listNumbers();
  assert.deepEqual([source, numbers, bought.friendlyName], ["subaccount", [bought], "Support"]);

  const to = freshRecipient();
  const sent = await switchboard.sendSms({ to, body: "Hello" });
  assert.deepEqual([sent.from, sent.to, sent.source], [bought.phoneNumber, to, "subaccount"]);
  const [row] = await stage.database.sql`select user_id from public.sms_messages where id = ${sent.id}`;
  assert.equal(row?.["user_id"], id);
});

test("calls with the same idempotency key send one message, and calls without a key send one each", async () => {
  const { switchboard } = await withNumber(stage, "ada");
  const message = { to: freshRecipient(), body: "Hello" };
  const ids = [
    await switchboard.sendSms(message, { idempotencyKey: "once" }),
    await switchboard.sendSms(message, { idempotencyKey: "once" }),
    await switchboard.sendSms(message),
    await switchboard.sendSms(message),
  ].map(({ id }) => id);
  assert.equal(ids[0], ids[1]);
  assert.equal(new Set(ids).size, 3);
});

test("an operator performs each action with one call", async () => {
  const [{ switchboard: { admin } }, ada, { id: benId }] = await Promise.all([
    signUpOperator(stage),
    provisioned(stage, "ada"),
    newcomer(stage, "ben"),
  ]);
  assert.deepEqual(await admin.provision({ userId: benId, reason: "asked" }), { accepted: true, userId: benId });
  const held = await admin.suspend({ userId: ada.id, reason: "spam" });
  assert.deepEqual([held.userId, held.subaccountSid], [ada.id, ada.accountSid]);
  await quiescence(stage, ada);
  assert.equal((await admin.resume({ userId: ada.id, reason: "settled" })).status, "suspended");
  await quiescence(stage, ada);
  assert.equal((await admin.rotateToken({ userId: ada.id, reason: "leaked" })).subaccountSid, ada.accountSid);
  await quiescence(stage, ada);
  const confirmSubaccountSid = ada.accountSid;
  assert.equal((await admin.close({ userId: ada.id, reason: "fraud", confirmSubaccountSid })).accepted, true);

  assert.deepEqual(await admin.sweep({ reason: "doubt" }), { accepted: true });
  assert.deepEqual(await admin.rotateSealingKeys({ reason: "leaked" }), { accepted: true });
  assert.equal((await admin.sealingKeys()).current, "k1");
  assert.ok((await admin.replay({ deadLetters: "all", reason: "fixed" })).replayed >= 0);
  await quiescence(stage, { id: benId });
});

test("a list of many pages is read to its end, with each tenant once", async () => {
  const [operator, ...tenants] = await Promise.all([
    signUpOperator(stage),
    ...["ada", "ben", "cy"].map((name) => provisioned(stage, name)),
  ]);
  const { admin } = operator.switchboard;
  const first = await admin.listTenants({ limit: 2 });
  const second = await admin.listTenants({ limit: 1, after: first.next! });
  assert.deepEqual([first.tenants.length, first.next], [2, first.tenants[1]?.userId]);
  assert.ok(second.tenants[0]!.userId > first.next!);
  const seen = await Array.fromAsync(admin.everyTenant(), ({ userId }) => userId);
  assert.deepEqual(tenants.filter(({ id }) => !seen.includes(id)), []);
  assert.equal(new Set(seen).size, seen.length);

  const ages = await Array.fromAsync(admin.everyTenant({ sort: "newest", limit: 2 }), ({ createdAt }) => createdAt);
  assert.equal(ages.length, seen.length);
  assert.deepEqual(ages, ages.toSorted().reverse());
  const [ada] = tenants;
  const found = await admin.listTenants({ search: ada!.email.toUpperCase(), status: "active", drift: false });
  assert.deepEqual(found.tenants.map(({ userId, plan, email }) => ({ userId, plan, email })), [
    { userId: ada!.id, plan: "free", email: ada!.email },
  ]);
  const otherOrder = await operator.call(`admin/tenants?sort=newest&after=${first.next}`);
  assertInvalid(otherOrder, ["after"]);
});

test("the list of tenants is exported as CSV, page by page", async () => {
  const [operator, ada] = await Promise.all([
    signUpOperator(stage),
    provisioned(stage, "ada"),
    provisioned(stage, "ben"),
  ]);
  const first = await operator.call("admin/tenants?format=csv&limit=1&sort=newest");
  assert.equal(first.headers.get("content-disposition"), 'attachment; filename="tenants.csv"');
  assert.equal(first.headers.get("x-content-type-options"), "nosniff");
  const next = first.headers.get("x-next-cursor");
  const second = await operator.call(`admin/tenants?format=csv&limit=1&sort=newest&after=${next}`);
  const rows = [first, second].map(({ body }) => body.split("\r\n")[1].split(",")[0]);
  const { tenants } = await operator.switchboard.admin.listTenants({ sort: "newest", limit: 2 });
  assert.deepEqual(rows, tenants.map(({ userId }) => userId));
  const one = await operator.call(`admin/tenants?format=csv&search=${ada.id}`);
  assert.match(one.body, /^userId,email,wanted,status,plan,lapsedPlan,/);
  assert.match(one.body, new RegExp(`\r\n${ada.id},${ada.email},active,active,free,,${ada.accountSid},`));
  assert.equal(one.headers.get("x-next-cursor"), null);
  const parts = await Array.fromAsync(operator.switchboard.admin.csv("tenants", { search: ada.id }));
  assert.equal(parts.join(""), one.body);
});

test("an operator reads what the tenants of a page use and earn, and how many messages they had by day", async () => {
  const [operator, ada, ben] = await Promise.all([
    signUpOperator(stage),
    withNumber(stage, "ada"),
    provisioned(stage, "ben"),
  ]);
  const { sql } = stage.database;
  await ada.switchboard.sendSms({ to: freshRecipient(), body: "Hi" });
  await sql`insert into private.usage_totals (user_id, day, kind, unit, count, segments, price, cost)
    values (${ada.id}, private.utc_day(), 'fee', 'SEK', 1, 0, 12.5, 10)`;
  const { admin } = operator.switchboard;
  const { until, tenants } = await admin.tenantFigures([ben.id, ada.id]);
  assert.deepEqual(tenants.map(({ userId }) => userId), [ben.id, ada.id]);
  const [ofBen, ofAda] = [tenants[0]!, tenants[1]!];
  assert.deepEqual([ofBen.amounts, ofBen.messages], [[], Array(30).fill(0)]);
  assert.deepEqual(ofAda.messages, [...Array(29).fill(0), 1]);
  assert.deepEqual(ofAda.amounts.find(({ currency }) => currency === "SEK"), {
    currency: "SEK",
    price: "12.5",
    cost: "10",
    margin: "2.5",
  });
  const [today] = await sql`select (private.utc_day() + 1)::text as until`;
  assert.equal(until, today!["until"]);
  const ids = (count: number) => Array.from({ length: count }, () => crypto.randomUUID());
  assertInvalid(await operator.call(`admin/tenant-figures?userIds=${ids(101)}`), ["userIds"]);
  assertInvalid(await operator.call("admin/tenant-figures?userIds="), ["userIds.0"]);
  assertInvalid(await operator.call("admin/tenant-figures"), ["userIds"]);
  const refused = await ada.call(`admin/tenant-figures?userIds=${ben.id}`);
  assert.deepEqual([refused.status, refused.body.code], [403, "forbidden"]);
});

test("an operator sets a carrier fee with its day, and the list of fees has it with those before", async () => {
  const operator = await signUpOperator(stage);
  const { admin } = operator.switchboard;
  const fee = { country: "LI", channel: "sms", validFrom: "2027-01-01", fee: 0.00455 } as const;
  assert.deepEqual(await admin.setCarrierFee({ ...fee, reason: "announced" }), { ...fee, changed: true });
  assert.deepEqual(await admin.setCarrierFee({ ...fee, reason: "again" }), { ...fee, changed: false });
  const later = { ...fee, validFrom: "2027-06-01", fee: 0.005 };
  await admin.setCarrierFee({ ...later, reason: "announced" });
  const first = await admin.listCarrierFees({ country: "LI", limit: 1 });
  assert.deepEqual(first.fees, [fee]);
  const second = await admin.listCarrierFees({ country: "LI", limit: 1, cursor: first.next! });
  assert.deepEqual(second.fees, [later]);
  const file = await operator.call("admin/carrier-fees?country=LI&format=csv");
  assert.equal(
    file.body,
    "country,channel,validFrom,fee\r\nLI,sms,2027-01-01,0.00455\r\nLI,sms,2027-06-01,0.005\r\n",
  );
  const wrong = [{ country: "UK" }, { channel: "fax" }, { fee: 0.000001 }, { fee: -1 }, { validFrom: "2027-02-30" }];
  const answers = await Promise.all(
    wrong.map((part) => operator.call("admin/set-carrier-fee", { body: { ...fee, reason: "x", ...part } })),
  );
  assert.deepEqual(answers.map(({ status, body }) => [status, body.details?.[0]?.field]), [
    [400, "country"],
    [400, "channel"],
    [400, "fee"],
    [400, "fee"],
    [400, "validFrom"],
  ]);
});

test("an operator sets an exchange rate with its day, and the list of rates has it with those before", async () => {
  const operator = await signUpOperator(stage);
  const { admin } = operator.switchboard;
  const rate = { unit: "SEK", currency: "nok", validFrom: "2027-01-01", rate: 0.9512345678 } as const;
  assert.deepEqual(await admin.setExchangeRate({ ...rate, reason: "Norges Bank" }), { ...rate, changed: true });
  assert.deepEqual(await admin.setExchangeRate({ ...rate, reason: "again" }), { ...rate, changed: false });
  await admin.setExchangeRate({ ...rate, validFrom: "2027-06-01", rate: 1, reason: "Norges Bank" });
  const first = await admin.listExchangeRates({ unit: "SEK", limit: 1 });
  const [{ setAt, ...listed }] = first.rates as [typeof first.rates[number]];
  assert.deepEqual(listed, { ...rate, reason: "Norges Bank", setBy: operator.id });
  assert.ok(Math.abs(Date.parse(setAt) - Date.now()) < 60_000);
  const second = await admin.listExchangeRates({ unit: "SEK", limit: 1, cursor: first.next! });
  assert.deepEqual(second.rates.map(({ validFrom, rate }) => [validFrom, rate]), [["2027-06-01", 1]]);
  const file = await operator.call("admin/exchange-rates?currency=nok&format=csv");
  assert.match(
    file.body,
    /^unit,currency,validFrom,rate,reason,setBy,setAt\r\nSEK,nok,2027-01-01,0.9512345678,"Norges Bank",/,
  );
  const wrong = [{ unit: "sek" }, { currency: "NOK" }, { currency: "sek" }, { rate: 0 }, { rate: 0.12345678901 }];
  const answers = await Promise.all(
    wrong.map((part) => operator.call("admin/set-exchange-rate", { body: { ...rate, reason: "x", ...part } })),
  );
  assert.deepEqual(answers.map(({ status, body }) => [status, body.details?.[0]?.field]), [
    [400, "unit"],
    [400, "currency"],
    [400, "currency"],
    [400, "rate"],
    [400, "rate"],
  ]);
});

test("an operator sets a tenant's own markup, which one tenant shows and the tenant does not see", async () => {
  const [operator, ada] = await Promise.all([signUpOperator(stage), withNumber(stage, "ada")]);
  const { admin } = operator.switchboard;
  await admin.setTenantLimits({ userId: ada.id, limits: { markup: 1.25 }, reason: "contract" });
  assert.equal((await admin.tenant(ada.id)).ownLimits?.markup, 1.25);
  const sent = await ada.switchboard.sendSms({ to: "+14155550199", body: "Hello" });
  const [stored] = await stage.database.sql`
    select markup::float, plan_key from public.sms_messages where id = ${sent.id}`;
  assert.deepEqual([stored!.markup, stored!.plan_key], [1.25, "free"]);
  assert.ok(!JSON.stringify(await ada.switchboard.getUsage()).includes("markup"));
  const refused = await operator.call("admin/set-tenant-limits", {
    body: { userId: ada.id, limits: { markup: 0 }, reason: "x" },
  });
  assert.equal(refused.status, 400);
});

test("an operator lists compared days by account and page, and a tenant's days with price and cost", async () => {
  const [operator, ada] = await Promise.all([signUpOperator(stage), withNumber(stage, "ada")]);
  const { sql } = stage.database;
  await sql`insert into private.reconciliations (account_sid, day, user_id, price_unit, usage_total, ledger_total,
      not_priced_yet, carrier_fee, failed_message_fee, uncategorised, unknown_category, missing_here, missing_at_twilio,
      rate, currency, kinds, other_currencies, is_closed, is_shifted, reconciled_at)
    select ${ada.accountSid}, d.day::date, ${ada.id}, 'USD', 2.5, 2, 0, 0, 0, 0, 0, 0, 0, 0.5, 0, '{}', '{}', d.closed, false, now()
    from (values ('2026-02-01', true), ('2026-02-02', false), ('2026-02-03', true)) d (day, closed)`;
  const { admin } = operator.switchboard;
  const account = ada.accountSid;
  const first = await admin.listReconciliations({ account, limit: 2 });
  assert.deepEqual(first.days.map(({ day, rate }) => [day, rate]), [["2026-02-03", 0.5], ["2026-02-02", 0.5]]);
  const rest = await admin.listReconciliations({ account, limit: 2, cursor: first.next! });
  assert.deepEqual([rest.days.map(({ day }) => day), rest.next], [["2026-02-01"], null]);
  const unexplained = await admin.listReconciliations({ account, unexplained: true });
  assert.deepEqual(unexplained.days.map(({ day }) => day), ["2026-02-03", "2026-02-01"]);
  const file = await operator.call(`admin/reconciliations?account=${account}&limit=1&format=csv`);
  assert.match(file.body, new RegExp(`\r\n${account},2026-02-03,${ada.id},USD,2.5,2,0,`));
  const next = file.headers.get("x-next-cursor")!;
  const second = await admin.listReconciliations({ account, limit: 1, cursor: next });
  assert.equal(second.days[0]?.day, "2026-02-02");
  await sql`update public.plans set markup = 2 where key = 'free'`;
  try {
    await ada.switchboard.sendSms({ to: freshRecipient(), body: "Hi" });
  } finally {
    await sql`update public.plans set markup = 1 where key = 'free'`;
  }
  const { days } = await admin.tenantUsage(ada.id);
  const sent = days.find(({ kind }) => kind === "sms_out")!;
  assert.deepEqual([sent.count, Number(sent.price)], [1, 2 * Number(sent.cost)]);
  assert.ok(Number(sent.cost) > 0);
  const usage = await operator.call(`admin/tenants/${ada.id}/usage?format=csv`);
  assert.match(
    usage.body,
    new RegExp(`\r\n${sent.day},sms_out,${sent.currency ?? ""},1,1,${Number(sent.price)},${Number(sent.cost)}\r\n`),
  );
  const reversed = await operator.call(`admin/tenants/${ada.id}/usage?from=2026-02-02&until=2026-02-01`);
  assert.deepEqual([reversed.status, reversed.body.details[0].field], [400, "until"]);
  const refused = await Promise.all(
    ["admin/reconciliations", "admin/carrier-fees", `admin/tenants/${ada.id}/usage`].map((path) => ada.call(path)),
  );
  assert.deepEqual(refused.map(({ status }) => status), [403, 403, 403]);
});

test("an operator sees one tenant whole, with what they send, cost and pay, and what operators did", async () => {
  const [operator, ada] = await Promise.all([signUpOperator(stage), withNumber(stage, "ada")]);
  const { admin } = operator.switchboard;
  await ada.switchboard.sendSms({ to: freshRecipient(), body: "Hi" });
  await stage.database.sql`select private.raise_alert('dead_letter', ${ada.id}, ${ada.id})`;
  assert.deepEqual(
    await admin.setTenantLimits({ userId: ada.id, limits: { spendLimit: 7.5 }, reason: "a pilot" }),
    { userId: ada.id, removed: false },
  );
  await admin.syncTenant({ userId: ada.id, reason: "a doubt" });
  const shown = await admin.tenant(ada.id);
  assert.deepEqual([shown.tenant.userId, shown.tenant.subaccountSid, shown.tenant.email], [
    ada.id,
    ada.accountSid,
    ada.email,
  ]);
  assert.deepEqual(shown.numbers.map(({ phoneNumber, isPrimary }) => [phoneNumber, isPrimary]), [[ada.number, true]]);
  assert.deepEqual([shown.limits.spendLimit, shown.ownLimits?.spendLimit, shown.ownLimits?.reason], [
    7.5,
    7.5,
    "a pilot",
  ]);
  assert.equal(shown.ownLimits?.maxNumbers, null);
  assert.deepEqual([shown.unpaid?.reason, shown.unpaid?.numbers.map(({ phoneNumber }) => phoneNumber)], [
    "no_subscription",
    [ada.number],
  ]);
  assert.equal(shown.usage.messages, 1);
  assert.ok(shown.usage.cost > 0 && shown.usage.price >= shown.usage.cost, JSON.stringify(shown.usage));
  assert.deepEqual(shown.alerts.map(({ subject }) => subject), [ada.id]);
  const actions = shown.timeline.entries.map(({ actor, action, details }) => [actor, action, details["reason"]]);
  const mine = actions.filter(([actor]) => actor === `operator:${operator.id}`);
  assert.deepEqual(mine, [
    [`operator:${operator.id}`, "tenant.sync_requested", "a doubt"],
    [`operator:${operator.id}`, "limits.set", "a pilot"],
  ]);
  const first = await admin.timeline(ada.id, { limit: 1 });
  const ids = await Array.fromAsync(admin.everyTimelineEntry(ada.id), ({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(ids[0], first.entries[0]?.id);
  const file = await operator.call(`admin/tenants/${ada.id}/timeline?format=csv&limit=1000`);
  assert.match(file.body, new RegExp(`operator:${operator.id},limits.set,.*a pilot`));
  let requestId = "";
  await admin.syncTenant({ userId: ada.id, reason: "once more" }, { onRequestId: (id) => requestId = id });
  const { lines, next } = await admin.auditLog({ requestId });
  assert.deepEqual([lines.map(({ action, userId }) => [action, userId]), next], [[
    ["tenant.sync_requested", ada.id],
  ], null]);
  const mineOfAll = await admin.auditLog({ actor: `operator:${operator.id}`, limit: 2 });
  assert.deepEqual(mineOfAll.lines.map(({ action }) => action), ["tenant.sync_requested", "tenant.sync_requested"]);
  const older = await admin.auditLog({ actor: `operator:${operator.id}`, limit: 2, cursor: mineOfAll.next! });
  assert.equal(older.lines[0]?.action, "limits.set");
  const inParts = await Array.fromAsync(admin.tenantCsv(ada.id, "timeline"));
  assert.match(inParts.join(""), /^at,actor,action,.*once more/s);
  const whole = await Array.fromAsync(admin.csv("audit", { action: "limits.set" }));
  assert.match(whole.join(""), new RegExp(`${ada.id},.*limits.set,.*a pilot`));
  const other = await operator.call(`admin/tenants/${crypto.randomUUID()}`);
  assertRefused(other, [404, "not_found"]);
  await quiescence(stage, ada);
});

test("an operator acknowledges an alert, which then is listed apart", async () => {
  const { switchboard: { admin }, call, id } = await signUpOperator(stage);
  const subject = crypto.randomUUID();
  await stage.database.sql`select private.raise_alert('dead_letter', ${subject})`;
  const find = async (state: "unacknowledged" | "acknowledged", kind: Alert["kind"] = "dead_letter") =>
    (await admin.listAlerts({ state, kind, limit: 200 })).alerts.find((alert) => alert.subject === subject);
  const alertId = (await find("unacknowledged"))!.id;
  assert.deepEqual(await admin.acknowledgeAlert({ alertId, reason: "in work" }), { alertId, acknowledged: true });
  assert.equal(await find("unacknowledged"), undefined);
  assert.equal(await find("acknowledged", "unknown_price"), undefined);
  const known = await find("acknowledged");
  assert.deepEqual([known?.acknowledgedBy, known?.acknowledgedBecause, known?.settledAt], [id, "in work", null]);
  const file = await call("admin/alerts?format=csv&state=acknowledged&kind=dead_letter&limit=200");
  assert.match(file.body, new RegExp(`${alertId},dead_letter,${subject},.*,${id},"in work",`));
  const unknown = crypto.randomUUID();
  const { alerts } = await admin.changeAlerts({ alertIds: [alertId, unknown], to: "settled", reason: "done" });
  assert.deepEqual(
    new Map(alerts.map((one) => [one.alertId, one.state])),
    new Map([[alertId, "settled"], [unknown, "not_found"]]),
  );
  assert.ok((await admin.listAlerts({ state: "settled", limit: 200 })).alerts.some((alert) => alert.id === alertId));
  assertRefused(await call("admin/acknowledge-alert", { body: { alertId, reason: "late" } }), [409, "alert_settled"]);
});

test("an operator reads the health of the installation, and Prometheus the same numbers with the secret key", async () => {
  const { switchboard: { admin } } = await signUpOperator(stage);
  const health = await admin.health();
  assert.deepEqual(health.lanes.map(({ lane }) => lane), [
    "control",
    "messages",
    "campaigns",
    "forwarding",
    "usage",
    "billing",
  ]);
  assert.ok(health.capacity.open > 0 && health.capacity.max >= health.capacity.open);
  const scrape = (apikey: string) => callFunction(stage.state, "metrics", { headers: { apikey } });
  const answer = await scrape(stage.state.secretKey);
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const metrics = parsePrometheus(answer.body) as { name: string; metrics: { value: string }[] }[];
  const max = metrics.find(({ name }) => name === "switchboard_subaccounts_max");
  assert.equal(Number(max?.metrics[0]?.value), health.capacity.max);
  assert.doesNotMatch(answer.body, /[0-9a-f]{8}-[0-9a-f]{4}-|AC[0-9a-f]{32}|\+\d{7}/);
  assertRefused(await scrape(stage.state.publishableKey), [401, "unauthorized"]);
});

test("a plan that was sold gets a new version, and the error of a wrong plan names it", async () => {
  const { switchboard: { admin }, call } = await signUpOperator(stage);
  const key = `plan-${crypto.randomUUID()}`;
  await stage.database.sql`
    insert into public.plans (key, name, rank, max_numbers, daily_message_limit, monthly_message_limit)
    values (${key}, 'Of a test', ${Math.floor(Math.random() * 2 ** 30)}, 1, 1, 1)`;
  const change = { plan: key, limits: { spendLimit: 5 }, reason: "cheaper" };
  assert.deepEqual(await admin.setPlanLimits(change), { plan: key, isNewVersion: false });
  await stage.database.sql`
    insert into public.subscriptions (id, stripe_customer_id, plan_key, status) values (${key}, ${key}, ${key}, 'active')`;
  assert.deepEqual(await admin.setPlanLimits(change), { plan: `${key}-v2`, isNewVersion: true });
  assertRefused(await call("admin/set-plan-limits", { body: change }), [409, "plan_superseded"]);
  assertRefused(await call("admin/set-plan-limits", { body: { ...change, plan: "gone" } }), [404, "not_found"]);
  assertInvalid(await call("admin/set-plan-limits", { body: { ...change, limits: {} } }), ["limits"]);
});

test("dead letters are read in pages, newest first, and several are replayed at once", async () => {
  const operator = await signUpOperator(stage);
  const { admin } = operator.switchboard;
  const eventId = `evt_never_recorded_${crypto.randomUUID()}`;
  const job = await stage.database.enqueue({ kind: "stripe-event", eventId });
  const isBuried = async () => {
    await stage.database.sql`update pgmq.q_jobs_control set read_ct = 13, vt = now() where msg_id = ${job}`;
    return await Array.fromAsync(admin.everyDeadLetter()).then((all) =>
      all.find((one) => one.job["eventId"] === eventId)
    );
  };
  const letter = await eventually("the dead letter", isBuried);
  const { deadLetters: [newest], next } = await admin.listDeadLetters({ limit: 1 });
  assert.ok(newest!.id >= letter.id);
  if (next !== null) {
    assert.ok((await admin.listDeadLetters({ before: next })).deadLetters.every(({ id }) => id < next));
  }
  const several = { deadLetters: [letter.id, letter.id + 1_000_000], reason: "fixed" };
  assert.equal((await admin.replay(several)).replayed, 1);
  assert.equal((await admin.replay(several)).replayed, 0);
  const [line] = await stage.database.sql`
    select count(*)::int as n, min(details ->> 'letterIds') as ids from public.audit_log
    where action = 'dead_letters.replayed' and details ->> 'replayed' = '1'
      and details -> 'letterIds' @> ${letter.id}::text::jsonb`;
  assert.deepEqual({ ...line }, { n: 1, ids: `[${several.deadLetters.join(", ")}]` });
  assertInvalid(await operator.call("admin/replay", { body: { deadLetters: [], reason: "fixed" } }), ["deadLetters"]);
  await stage.database.sql`delete from pgmq.q_jobs_control where message ->> 'eventId' = ${eventId}`;
});

test("an API error has its status, code, request id and details, and is not transient", async () => {
  const { switchboard } = await withNumber(stage, "ada");
  const call = switchboard.sendSms({ to: freshRecipient(), body: "Hello", from: "+14155550100" });
  const failure = await assertFails(call, 403, "number_not_owned");
  assert.match(failure.message, /^Cannot send from "\+14155550100": /);
  assert.match(failure.requestId ?? "", /^[0-9a-f-]{36}$/);
  assert.deepEqual(failure.details, [{ field: "from", code: "not_owned" }]);
  assert.deepEqual([failure.retryAfterSeconds, failure.isTransient, failure.name], [
    undefined,
    false,
    "SwitchboardError",
  ]);
});

test("an error with Retry-After tells the seconds to wait and is transient", async () => {
  const { switchboard, accountSid } = await provisioned(stage, "ada");
  const match = `GET /Accounts/${accountSid}/AvailablePhoneNumbers/**`;
  await stage.twilio.fault({ match, kind: "429", retryAfter: 0, times: 3 });
  const failure = await assertFails(switchboard.searchNumbers(), 429, "twilio_throttled");
  assert.deepEqual([failure.retryAfterSeconds, failure.isTransient], [5, true]);
});

test("users who are not operators get 403, and callers who are not signed in get 401", async () => {
  const ada = await newcomer(stage, "ada");
  await assertFails(ada.switchboard.admin.listTenants(), 403, "forbidden");
  const supabase = createClient(stage.state.apiUrl, stage.state.publishableKey, { auth: { persistSession: false } });
  await assertFails(createSwitchboard(supabase).listNumbers(), 401, "unauthorized");
});

test("an aborted call ends at once, whether aborted before or during the request", async () => {
  const { switchboard, accountSid } = await provisioned(stage, "ada");
  await assertFails(switchboard.listNumbers({ signal: AbortSignal.abort() }), 0, "aborted");
  await stage.twilio.fault({ match: `GET /Accounts/${accountSid}/AvailablePhoneNumbers/**`, kind: "delay:8000" });
  const began = performance.now();
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 200);
  const failure = await assertFails(switchboard.searchNumbers({}, { signal: abort.signal }), 0, "aborted");
  assert.equal(failure.isTransient, false);
  assert.ok(performance.now() - began < 6_000);
});

test("a call that exceeds its timeout is given up", async () => {
  const { switchboard, accountSid } = await provisioned(stage, "ada");
  await stage.twilio.fault({ match: `GET /Accounts/${accountSid}/AvailablePhoneNumbers/**`, kind: "delay:8000" });
  const began = performance.now();
  const failure = await assertFails(switchboard.searchNumbers({}, { timeoutMs: 200 }), 0, "timed_out");
  assert.equal(failure.isTransient, true);
  assert.ok(performance.now() - began < 6_000);
});

test("an unreachable server is reported after the given number of retries", async () => {
  const ada = await newcomer(stage, "ada");
  for (const [retries, expected] of [[undefined, 3], [0, 1], [1, 2]] as const) {
    let calls = 0;
    const unreachable: typeof fetch = () => {
      calls++;
      return fetch("http://127.0.0.1:9/");
    };
    const failure = await assertFails(clientOver(unreachable, ada, { retries }).listNumbers(), 0, "unreachable");
    assert.deepEqual([calls, failure.isTransient, failure.requestId], [expected, true, undefined]);
    assert.ok(failure.cause instanceof TypeError);
  }
});

test("a message whose response was lost is sent again with the same key, and goes out once", async () => {
  const ada = await withNumber(stage, "ada");
  const { fetch, requests } = losing(2);
  const to = freshRecipient();
  const sent = await clientOver(fetch, ada).sendSms({ to, body: "Hello" });
  assert.deepEqual([requests.length, new Set(requests.map(({ headers }) => headers.get("idempotency-key"))).size], [
    3,
    1,
  ]);
  assert.equal((await sendsTo(stage, to)).length, 1);
  const rows = await stage.database.sql`select id from public.sms_messages where user_id = ${ada.id}`;
  assert.deepEqual(rows.map(({ id }) => id), [sent.id]);
});

test("a purchase whose response was lost is not repeated, because it may have succeeded", async () => {
  const ada = await provisioned(stage, "ada");
  const { fetch, requests } = losing(1);
  await assertFails(clientOver(fetch, ada).buyNumber({ phoneNumber: freshNumber() }), 0, "unreachable");
  assert.equal(requests.length, 1);
  assert.equal((await ada.switchboard.listNumbers()).numbers.length, 1);
});

const STRANGERS: Record<string, Response> = {
  "a proxy's HTML page": new Response("<html>Bad gateway</html>", { status: 502, headers: { "retry-after": "7" } }),
  "the platform's own error": Response.json({ code: "WORKER_LIMIT", message: "x" }, { status: 546 }),
  "an HTML page instead of JSON": new Response("<html>Sign in to this network</html>"),
};

for (const [title, response] of Object.entries(STRANGERS)) {
  test(`${title} is reported as not a response of the API`, async () => {
    const ada = await newcomer(stage, "ada");
    const call = clientOver(() => Promise.resolve(response), ada).listNumbers();
    const failure = await assertFails(call, response.status, "unexpected_answer");
    assert.equal(failure.retryAfterSeconds, response.headers.has("retry-after") ? 7 : undefined);
  });
}
