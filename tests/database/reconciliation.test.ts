import assert from "node:assert/strict";
import fc from "fast-check";
import type postgres from "postgres";
import { startTwilioSimulator } from "../../local/simulators/twilio/mod.ts";
import { LISTED_CATEGORIES } from "../../local/simulators/twilio/usage-categories.ts";
import { type TwilioSide, twilioSide } from "../../local/driver/twilio-side.ts";
import { refreshMessages } from "../../supabase/functions/_shared/messages/refresh.ts";
import type { Db } from "../../supabase/functions/_shared/platform/database.ts";
import { createTwilio, type Twilio } from "../../supabase/functions/_shared/twilio/client.ts";
import { syncUsage } from "../../supabase/functions/_shared/usage/sync.ts";
import { connect, databaseOf, readSignatures } from "../faults/harness/database.ts";
import type { FunctionsProcess } from "../faults/harness/process.ts";
import { passUsageDays } from "../support/passing-time.ts";
import { startTestDatabase } from "../support/test-database.ts";

const DAY_MS = 86_400_000;
const HISTORIES = Number(Deno.env.get("RECONCILIATION_HISTORIES") ?? "3");
/** The days of a history on which things happen, and those until all of them are closed. */
const BUSY = 4;
const REST = 8;

const own = { tenant: ["+14155550101", "+18005550102"], master: ["+14155550103", "+18005550104"] };
const tenantOrMaster = fc.constantFrom("tenant" as const, "tenant" as const, "tenant" as const, "master" as const);

/** A message of the day before. `at` is its share of the day, and `skewMs` how much earlier the ledger has it. */
const message = fc.record({
  kind: fc.constant("message" as const),
  account: tenantOrMaster,
  isInbound: fc.boolean(),
  sender: fc.nat(1),
  peer: fc.constantFrom("+14155550199", "+447700900123"),
  segments: fc.integer({ min: 1, max: 3 }),
  hasMedia: fc.boolean(),
  at: fc.oneof(fc.constantFrom(0, 0.999_995), fc.double({ min: 0, max: 0.999, noNaN: true })),
  skewMs: fc.constantFrom(0, 0, 1500),
  status: fc.constantFrom("delivered" as const, "delivered" as const, "undelivered" as const, "failed" as const),
  errorCode: fc.constantFrom(30003, 30008),
  /** When Twilio says the price: without the carrier fee, and whole. Null: never. */
  pricedAfter: fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(0, 1)) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  visibleAfter: fc.constantFrom(0, 0, 1, 2),
});
const event = fc.oneof(
  { weight: 8, arbitrary: message },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("number" as const),
      account: tenantOrMaster,
      type: fc.constantFrom("+1415555", "+1800555"),
      isBoughtHere: fc.boolean(),
      isReleased: fc.boolean(),
    }),
  },
  // A charge that no category explains, a registration fee, and a charge that Twilio takes back two days later.
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("unexplained" as const, "registration" as const, "corrected" as const),
      account: fc.constant("tenant" as const),
      micros: fc.integer({ min: 1, max: 400_000 }).map((units) => units * 10),
    }),
  },
);
const history = fc.record({
  days: fc.array(fc.array(event, { minLength: 1, maxLength: 4 }), { minLength: BUSY, maxLength: BUSY }),
  ends: fc.constantFrom("active" as const, "suspended" as const, "closed" as const),
});
type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;
type Message = typeof message extends fc.Arbitrary<infer Value> ? Value : never;
type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

/** One of each, so that every run has them. */
const EXAMPLE: History = {
  days: [
    [
      ...[false, true].flatMap((isInbound) =>
        [false, true].map((hasMedia): Message => ({
          ...{ kind: "message", account: "tenant", isInbound, sender: 1, peer: "+14155550199", segments: 2, hasMedia },
          ...{ at: 0.5, skewMs: 0, status: "delivered", errorCode: 30003, pricedAfter: [1, 1], visibleAfter: 2 },
        }))
      ),
      { kind: "number", account: "tenant", type: "+1415555", isBoughtHere: false, isReleased: true },
      { kind: "corrected", account: "tenant", micros: 70_000 },
    ], // A message that is dearer than another, and never gets a price.
    [1, 3].map((segments): Message => ({
      ...{ kind: "message", account: "tenant", isInbound: false, sender: 0, peer: "+447700900123", segments },
      ...{ hasMedia: false, at: 0.25, skewMs: 0, status: "delivered", errorCode: 30003, visibleAfter: 0 },
      pricedAfter: segments === 3 ? null : [0, 0],
    })),
  ],
  ends: "closed",
};

const CLASSES = [
  ...["not_priced_yet", "carrier_fee", "failed_message_fee", "uncategorised", "unknown_category", "missing_here"],
  ...["missing_at_twilio", "rate", "currency"],
];
const UNEXPECTED = CLASSES.slice(-5);

const microsOf = (amount: unknown) => Math.round(Number(amount) * 1_000_000);
const decimalOf = (micros: number) => (micros / 1_000_000).toFixed(6);
const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

Deno.test("in random histories of a tenant and the master account, usage is the ledger and the classes exactly, and no alert is raised", async () => {
  await using database = await startTestDatabase();
  const admin = connect(database.url, "postgres", 1);
  const service = connect(database.url, "service_role", 2);
  const signatures = await readSignatures(admin);
  const process = { call: async ({ send }: { send: () => Promise<unknown> }) => await send() };
  const db = databaseOf(service, signatures, process as unknown as FunctionsProcess);
  const seen: Record<string, number> = {};
  const unknown = await admin`select category from unnest(${[...LISTED_CATEGORIES]}::text[]) category
    where category not in (select category from private.usage_categories)`;
  assert.deepEqual([...unknown], [], "categories of the simulator that the product does not know");
  try {
    await fc.assert(fc.asyncProperty(history, async (plan) => await replay(plan, admin, db, seen)), {
      numRuns: HISTORIES,
      endOnFailure: true,
      examples: [[EXAMPLE]],
    });
  } finally {
    await admin.end();
    await service.end();
  }
  console.log(`figures: ${HISTORIES} histories: ${JSON.stringify(seen)}`);
});

async function replay(plan: History, admin: postgres.Sql, db: Db, seen: Record<string, number>): Promise<void> {
  const simulator = await startTwilioSimulator({ seedMasterNumbers: false });
  try {
    const story = await Story.begin(simulator, admin, db, seen);
    for (let day = 0; day < BUSY + REST; day++) {
      await story.passDay();
      for (const event of plan.days[day] ?? []) {
        // A charge that is not taken back before the account is closed is a difference.
        if (event.kind !== "corrected" || plan.ends !== "closed" || day + 2 < BUSY) await story.happen(event);
      }
      if (day === BUSY) await story.end(plan.ends);
      await story.work();
    }
    await story.assertAtRest();
  } finally {
    await simulator.stop();
  }
}

class Story {
  private readonly userId = crypto.randomUUID();
  private numbers = 0;
  /** What happens some days later. */
  private later: { inDays: number; happen: () => Promise<void> }[] = [];
  private status = "active";

  private constructor(
    private readonly accounts: { tenant: string; master: string },
    private readonly twilio: TwilioSide,
    private readonly master: Twilio,
    private readonly admin: postgres.Sql,
    private readonly db: Db,
    private readonly seen: Record<string, number>,
  ) {}

  static async begin(
    simulator: Awaited<ReturnType<typeof startTwilioSimulator>>,
    admin: postgres.Sql,
    db: Db,
    seen: Record<string, number>,
  ): Promise<Story> {
    const { accountSid, authToken, url, fetch } = simulator;
    const twilio = twilioSide({ twilio: { accountSid, authToken, url } as never }, fetch);
    const master = createTwilio({ accountSid, authToken, apiBaseUrl: url, fetch, pause: async () => {} });
    await twilio.configure({
      carrierFees: { US: { sms: 0.0045, mms: 0.01, smsInbound: 0.003, mmsInbound: 0.0075 } },
    });
    const { sid } = await (await master.accounts()).create({ friendlyName: "tenant" });
    await admin`truncate private.usage_accounts, private.usage_days, public.twilio_usage, private.reconciliations,
      private.days_to_reconcile, private.fees, private.number_purchases, private.awaited_reports,
      private.master_currency, public.operator_alerts`;
    await admin`delete from public.sms_messages`;
    await admin`delete from public.user_twilio_numbers`;
    await admin`delete from private.tenancies`;
    const story = new Story({ tenant: sid, master: accountSid }, twilio, master, admin, db, seen);
    await admin`insert into auth.users (id, email) values (${story.userId}, ${story.userId + "@example.com"})`;
    await admin`insert into private.tenancies (user_id, subaccount_sid, subaccount_status, last_created_at)
      values (${story.userId}, ${sid}, 'active', now() - interval '1 day')`;
    await admin`insert into private.usage_accounts (account_sid, first_day, due_at)
      values (${accountSid}, (now() at time zone 'utc')::date - 1, now())`;
    for (const account of [sid, accountSid]) {
      await twilio.changeAccount(account, { createdAt: new Date(Date.now() - DAY_MS).toISOString() });
    }
    return story;
  }

  async passDay(): Promise<void> {
    await passUsageDays(this.admin, 1);
    await this.twilio.passDays(1);
    const due = this.later.filter((entry) => --entry.inDays <= 0);
    this.later = this.later.filter(({ inDays }) => inDays > 0);
    for (const { happen } of due) await happen();
  }

  async happen(event: Event): Promise<void> {
    const accountSid = this.accounts[event.account];
    const yesterday = Date.parse(dayOf(Date.now() - DAY_MS));
    const at = new Date(yesterday + DAY_MS / 2).toISOString();
    switch (event.kind) {
      case "message":
        return await this.message(event, yesterday);
      case "number":
        return await this.number(event, accountSid, at);
      case "unexplained":
        return await this.twilio.charge({ accountSid, category: "totalprice", at, price: decimalOf(event.micros) });
      case "registration": {
        const category = "a2p-10dlc-registrationfees-brandregistration";
        await this.twilio.charge({ accountSid, category, at, price: decimalOf(event.micros) });
        await this.admin`insert into private.fees (user_id, key, kind, cost, charged_at)
          values (${this.userId}, gen_random_uuid(), 'registration', ${decimalOf(event.micros)}, ${at})`;
        return;
      }
      case "corrected": {
        const charge = { accountSid, category: "sms-outbound-longcode", count: 0 };
        await this.twilio.charge({ ...charge, at, price: decimalOf(event.micros) });
        await this.inDays(2, async (days) => {
          const then = new Date(Date.parse(at) - days * DAY_MS).toISOString();
          await this.twilio.charge({ ...charge, at: then, price: decimalOf(-event.micros) });
        });
      }
    }
  }

  private async inDays(days: number, happen: (days: number) => Promise<void>): Promise<void> {
    if (days === 0) await happen(0);
    else this.later.push({ inDays: days, happen: () => happen(days) });
  }

  /** What shared numbers receive has no row in the ledger. */
  private async message(event: Message, yesterday: number): Promise<void> {
    const { account, isInbound, peer, hasMedia, status, errorCode, pricedAfter, visibleAfter } = event;
    const accountSid = this.accounts[account];
    const [sender, at] = [own[account][event.sender]!, yesterday + event.at * DAY_MS];
    const sent = await this.twilio.oldMessage({
      ...{ accountSid, at: new Date(at).toISOString(), visibleInMs: visibleAfter * DAY_MS },
      ...(isInbound ? { from: peer, to: sender } : { from: sender, to: peer }),
      direction: isInbound ? "inbound" : "outbound-api",
      body: "x".repeat(event.segments === 1 ? 10 : 150 * event.segments),
      mediaUrls: hasMedia ? ["https://example.com/cat.png"] : [],
      status: isInbound ? "received" : status,
      ...(!isInbound && status !== "delivered" && { errorCode }),
    });
    if (isInbound && account === "master") return;
    const created = new Date(at - event.skewMs).toISOString();
    await this.admin`
      insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source,
        twilio_message_sid, num_segments, has_media, country, created_at)
      values (${this.userId}, ${isInbound ? "inbound" : "outbound"}, ${sent.from}, ${sent.to},
        ${isInbound ? "received" : "queued"}, ${accountSid}, ${account === "master" ? "master" : "subaccount"},
        ${sent.sid}, ${sent.num_segments}, ${hasMedia}, ${peer.startsWith("+1") ? "US" : "GB"}, ${created})`;
    if (sent.price === null || pricedAfter?.every((days) => days === 0)) return;
    const full = microsOf(sent.price);
    const fee = peer.startsWith("+44")
      ? 0
      : hasMedia
      ? (isInbound ? 7_500 : 10_000)
      : (isInbound ? 3_000 : 4_500) * sent.num_segments;
    await this.twilio.changeMessage(sent.sid, { price: null });
    if (pricedAfter === null) return;
    const [first, whole] = [pricedAfter[0], Math.max(pricedAfter[1], pricedAfter[0])];
    const say = (micros: number) => async () => await this.twilio.changeMessage(sent.sid, { price: decimalOf(micros) });
    await this.inDays(first, say(full + fee));
    await this.inDays(whole, say(full));
  }

  private async number(
    { account, type, isBoughtHere, isReleased }: Extract<Event, { kind: "number" }>,
    accountSid: string,
    at: string,
  ): Promise<void> {
    const phoneNumber = `${type}${String(1000 + this.numbers++)}`;
    const answer = await this.twilio.post(`/Accounts/${accountSid}/IncomingPhoneNumbers.json`, {
      PhoneNumber: phoneNumber,
    });
    const { sid } = await answer.json();
    assert.ok(answer.ok, phoneNumber);
    await this.twilio.boughtAt(sid, at);
    if (account === "master") return;
    const price = type === "+1800555" ? 2.15 : 1.15;
    const id = crypto.randomUUID();
    await this.admin`
      insert into public.user_twilio_numbers (id, user_id, phone_number, phone_sid, account_sid, purchased_at, capabilities)
      values (${id}, ${this.userId}, ${phoneNumber}, ${sid}, ${accountSid}, ${at}, '{"sms": true}')`;
    if (isBoughtHere) {
      await this
        .admin`insert into private.number_purchases (number_id, user_id, account_sid, monthly_price, reserved_at)
        values (${id}, ${this.userId}, ${accountSid}, ${price}, ${at})`;
    }
    if (!isReleased) return;
    await this.inDays(1, async () => {
      if (this.status !== "active") return;
      await this.twilio.release(accountSid, sid);
      await this.admin`update public.user_twilio_numbers set status = 'released' where id = ${id}`;
    });
  }

  async end(status: "active" | "suspended" | "closed"): Promise<void> {
    this.status = status;
    if (status === "active") return;
    await (await this.master.accounts())(this.accounts.tenant).update({ status });
    await this.admin`update private.tenancies set subaccount_status = ${status}`;
  }

  /** What the jobs of a day do. */
  async work(): Promise<void> {
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const dependencies = { db: this.db, accounts: { master: () => Promise.resolve(this.master) }, log };
    await this.admin`update private.awaited_reports set due_at = now() where due_at < now() + interval '3 hours'`;
    await refreshMessages(dependencies);
    for (const sid of Object.values(this.accounts)) await syncUsage(sid, dependencies);
    await this.admin`update private.days_to_reconcile set due_at = now()`;
    while ((await this.admin`select public.reconcile_due_days(100) as days`)[0]!["days"] > 0);
  }

  async assertAtRest(): Promise<void> {
    const compared = await this.admin<Record<string, unknown>[]>`
      select r.*, r.day::text as day, p.price::text as numbers, f.cost::text as fees from private.reconciliations r
      cross join lateral (select coalesce(sum(p.monthly_price), 0) as price from private.number_purchases p
        where p.account_sid = r.account_sid and private.utc_day(p.reserved_at) = r.day) p
      cross join lateral (select coalesce(sum(f.cost), 0) as cost from private.fees f
        where r.user_id is not null and f.kind <> 'number' and not f.is_from_usage
          and private.utc_day(f.charged_at) = r.day) f`;
    const messages = await this.messagesByDay();
    for (const row of compared) {
      const [sid, day] = [String(row["account_sid"]), String(row["day"])];
      const text = `${sid === this.accounts.master ? "master" : "tenant"} ${day}: ${JSON.stringify(row)}`;
      const ledger = (messages.get(`${sid} ${day}`) ?? 0) + microsOf(row["numbers"]) + microsOf(row["fees"]);
      const amounts = CLASSES.map((name) => microsOf(row[name]));
      assert.equal(microsOf(row["usage_total"]) - ledger, amounts.reduce((sum, amount) => sum + amount, 0), text);
      if (!(sid === this.accounts.tenant && this.status === "closed")) {
        assert.equal(
          microsOf(row["usage_total"]),
          microsOf((await this.twilio.usageOn(sid, day))["totalprice"] ?? 0),
          text,
        );
      }
      for (const name of CLASSES) if (microsOf(row[name]) !== 0) this.seen[name] = (this.seen[name] ?? 0) + 1;
      if (this.status !== "closed") {
        for (const name of UNEXPECTED) if (microsOf(row[name]) !== 0) assert.fail(`${name}: ${text}`);
      }
    }
    const alerts = await this.admin`select subject, details from public.operator_alerts where kind = 'reconciliation'`;
    assert.deepEqual([...alerts], []);
    this.seen["days"] = (this.seen["days"] ?? 0) + compared.length;
    this.seen["closed"] = (this.seen["closed"] ?? 0) + compared.filter((row) => row["is_closed"]).length;
  }

  /** What Twilio charges for the messages that the ledger has, by account and Twilio's day. */
  private async messagesByDay(): Promise<Map<string, number>> {
    const known = new Set(
      (await this.admin`select twilio_message_sid as sid from public.sms_messages`).map(({ sid }) => sid),
    );
    const sums = new Map<string, number>();
    for (const account of Object.values(this.accounts)) {
      for (const message of await this.twilio.messagesOf(account)) {
        if (!known.has(message.sid) || message.price === null || message.date_sent === null) continue;
        const key = `${account} ${dayOf(Date.parse(message.date_sent))}`;
        sums.set(key, (sums.get(key) ?? 0) - microsOf(message.price));
      }
    }
    return sums;
  }
}
