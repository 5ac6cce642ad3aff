import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import { sharedStage, test } from "../support/stage.ts";
import { provisioned, quiescence, type Tenant, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);

/** The stored prices of an account's day by category, as Twilio writes them. */
async function stored(accountSid: string, day: string): Promise<Record<string, string>> {
  const rows = await stage.database.sql<{ category: string; price: string }[]>`
    select category, price from public.twilio_usage where account_sid = ${accountSid} and day = ${day} and price <> 0`;
  return Object.fromEntries(rows.map(({ category, price }) => [category, Number(price).toFixed(5)]));
}

async function syncUsage({ id, accountSid }: Pick<Tenant, "id" | "accountSid">): Promise<void> {
  await stage.database.enqueue({ kind: "sync-usage", userId: id, accountSid });
  await quiescence(stage, { id });
}

test("the usage of a tenant is stored as Twilio counted it, with numbers, unknown categories and what no category explains", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.twilio.charge({
    accountSid: ada.accountSid,
    category: "sms-hologram",
    at: new Date().toISOString(),
    price: "0.25",
  });
  await stage.twilio.charge({
    accountSid: ada.accountSid,
    category: "totalprice",
    at: new Date().toISOString(),
    price: "0.05",
  });
  await syncUsage(ada);
  const expected = await stage.twilio.usageOn(ada.accountSid, daysAgo(0));
  assert.deepEqual(await stored(ada.accountSid, daysAgo(0)), expected);
  assert.deepEqual([expected["phonenumbers-local"], expected["sms-hologram"]], ["1.15000", "0.25000"]);
  const [total] = await stage.database.sql`
    select u.total_price::float8, u.leaves_price::float8, u.unknown_price::float8, u.uncategorised::float8
    from private.usage_totals_of_days(${ada.accountSid}, ${daysAgo(0)}, ${daysAgo(0)}) u`;
  assert.deepEqual({ ...total }, { total_price: 1.45, leaves_price: 1.15, unknown_price: 0.25, uncategorised: 0.3 });
});

test("the usage of a suspended account is read, which may not ask itself", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.twilio.post(`/Accounts/${ada.accountSid}.json`, { Status: "suspended" });
  await syncUsage(ada);
  assert.equal((await stored(ada.accountSid, daysAgo(0)))["phonenumbers"], "1.15000");
});

test("a closed account keeps the usage that was read before, and the read is no failure", async () => {
  const ada = await withNumber(stage, "ada");
  await syncUsage(ada);
  const before = await stored(ada.accountSid, daysAgo(0));
  await stage.twilio.post(`/Accounts/${ada.accountSid}.json`, { Status: "closed" });
  await syncUsage(ada);
  assert.deepEqual(await stored(ada.accountSid, daysAgo(0)), before);
  const [account] = await stage.database.sql`
    select gone_at is not null as gone from private.usage_accounts where account_sid = ${ada.accountSid}`;
  assert.equal(account?.["gone"], true);
});

test("a read that Twilio answers with 503 loses no day, and is repeated", async () => {
  const ada = await provisioned(stage, "ada");
  await stage.twilio.charge({
    accountSid: ada.accountSid,
    category: "sms-outbound-longcode",
    at: new Date().toISOString(),
    price: "0.5",
  });
  // Three answers: each attempt of the job asks up to three times.
  await stage.twilio.fault({ match: `GET /Accounts/${ada.accountSid}/Usage`, kind: "503", times: 3 });
  await syncUsage(ada);
  assert.equal((await stored(ada.accountSid, daysAgo(0)))["sms-outbound-longcode"], "0.50000");
});

test("a purchase makes the tenant's account due within the hour", async () => {
  const ada = await withNumber(stage, "ada");
  const [account] = await stage.database.sql`
    select due_at <= now() + interval '1 hour' as due, user_id from private.usage_accounts where account_sid = ${ada.accountSid}`;
  assert.deepEqual({ ...account }, { due: true, user_id: ada.id });
});

test("the master account's own usage is read without a user, and without its subaccounts", async () => {
  const { accountSid } = stage.state.twilio;
  await stage.twilio.charge({ accountSid, category: "mediastorage", at: new Date().toISOString(), price: "0.125" });
  await stage.database.sql`insert into private.usage_accounts (account_sid, first_day, due_at)
    values (${accountSid}, (now() at time zone 'utc')::date - 3, now()) on conflict do nothing`;
  await stage.database.enqueue({ kind: "sync-usage", accountSid });
  await eventually("the master account to be read", async () => {
    const [row] = await stage.database.sql`
      select user_id, price::float8 from public.twilio_usage
      where account_sid = ${accountSid} and day = ${daysAgo(0)} and category = 'mediastorage'`;
    return row?.["user_id"] === null && row["price"] >= 0.125;
  });
  const { phonenumbers } = await stored(accountSid, daysAgo(0));
  assert.equal(phonenumbers, (await stage.twilio.usageOn(accountSid, daysAgo(0)))["phonenumbers"]);
});
