import assert from "node:assert/strict";
import fc from "fast-check";
import type postgres from "postgres";
import { startTwilioSimulator } from "../../local/simulators/twilio/mod.ts";
import { createTwilio } from "../../supabase/functions/_shared/twilio/client.ts";
import { syncUsage } from "../../supabase/functions/_shared/usage/sync.ts";
import type { FunctionsProcess } from "../faults/harness/process.ts";
import { connect, databaseOf, readSignatures } from "../faults/harness/database.ts";
import { passUsageDays } from "../support/passing-time.ts";
import { startTestDatabase } from "../support/test-database.ts";

const DAY_MS = 86_400_000;
const HISTORIES = Number(Deno.env.get("USAGE_HISTORIES") ?? "5");
/** The days of a history on which things happen, and those on which it comes to rest: long enough for a rotation. */
const BUSY = 14;
const REST = 18;

const CATEGORIES = [
  ...["sms-outbound-longcode", "sms-inbound-longcode", "mms-outbound-longcode", "sms-messages-carrierfees"],
  ...["failed-message-processing-fee", "phonenumbers-local", "a2p-10dlc-registrationfees-monthly", "sms-hologram"],
  "totalprice",
];

/** Something that happens on a day. A charge is of a day some days back, and appears late; a negative one corrects. */
type Event =
  | { kind: "charge"; category: string; daysBack: number; price: number; lateDays: number }
  | { kind: "correct"; pick: number; share: number }
  | { kind: "suspend" }
  | { kind: "close" };

/** How a read ends: whole, at one of its requests, or while its record is on the way to the database or back. */
type Reading = { end: "whole" } | { end: "request"; at: number; how: 429 | 503 | "broken" } | {
  end: "not recorded" | "answer lost";
};

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("charge" as const),
      category: fc.constantFrom(...CATEGORIES),
      daysBack: fc.nat(5),
      price: fc.integer({ min: 1, max: 2_000_000 }).map((micros) => micros / 1_000_000),
      lateDays: fc.constantFrom(0, 0, 0, 1, 3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("correct" as const), pick: fc.nat(99), share: fc.constantFrom(0.5, 1) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "suspend" as const }) },
);
const reading: fc.Arbitrary<Reading> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ end: "whole" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      end: fc.constant("request" as const),
      at: fc.nat(3),
      how: fc.constantFrom(429 as const, 503 as const, "broken" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ end: "not recorded" as const }, { end: "answer lost" as const }) },
);
const history = fc.record({
  days: fc.array(
    fc.record({ events: fc.array(event, { maxLength: 3 }), readings: fc.array(reading, { maxLength: 2 }) }),
    { minLength: BUSY, maxLength: BUSY },
  ),
  closesOn: fc.option(fc.integer({ min: BUSY / 2, max: BUSY + 2 }), { freq: 1 }),
});

/** What a day has: `category unit count usage price` of each category that is not zero. */
type Contents = string;

const contentsOf = (lines: string[]): Contents => lines.sort().join("\n");
const line = (r: { category: string; price_unit: string; count: unknown; usage: unknown; price: unknown }) =>
  [r.category, r.price_unit, ...[r.count, r.usage, r.price].map((amount) => String(Number(amount ?? 0)))].join(" ");
const dayAfter = (day: string, days: number) => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

interface TwilioRecord {
  category: string;
  start_date: string;
  end_date: string;
  count: string | null;
  usage: string;
  price: string;
  price_unit: string;
}

/**
 * A simulator ahead of the real clock by `days`, since that of Postgres cannot be set: requests and responses are translated
 * to the days of the database. Keeps what was served.
 */
class World {
  days = 0;
  served = new Map<string, string[]>();
  reading: Reading = { end: "whole" };
  private requests = 0;

  begin(reading: Reading) {
    this.reading = reading;
    this.requests = 0;
    this.served = new Map();
  }

  fetch = async (input: URL | RequestInfo, init?: RequestInit): Promise<Response> => {
    const url = new URL(String(input));
    if (!url.pathname.includes("/Usage/")) return await fetch(url, init);
    const { reading } = this;
    if (reading.end === "request" && this.requests >= reading.at) {
      if (reading.how === "broken") throw new TypeError("connection closed");
      return new Response("{}", { status: reading.how, headers: { "retry-after": "0" } });
    }
    this.requests++;
    for (const name of ["StartDate", "EndDate"]) {
      const day = url.searchParams.get(name);
      if (day !== null) url.searchParams.set(name, dayAfter(day, this.days));
    }
    const response = await fetch(url, init);
    const body = await response.json();
    for (const record of (body.usage_records ?? []) as TwilioRecord[]) {
      const lines = this.served.get(record.start_date) ?? [];
      if ([record.count, record.usage, record.price].some((amount) => Number(amount ?? 0) !== 0)) {
        lines.push(line(record));
      }
      this.served.set(record.start_date, lines);
      record.start_date = dayAfter(record.start_date, -this.days);
      record.end_date = dayAfter(record.end_date, -this.days);
    }
    // The address of the next page has the days of the simulator.
    if (body.next_page_uri) body.next_page_uri = this.translated(body.next_page_uri);
    return Response.json(body, { status: response.status });
  };

  private translated(uri: string): string {
    return uri.replace(/(StartDate|EndDate)=([\d-]{10})/g, (_, name, day) => `${name}=${dayAfter(day, -this.days)}`);
  }
}

Deno.test("after late charges, corrections and failed reads, stored usage equals Twilio's, and days were closed after three unchanged dates", async () => {
  await using database = await startTestDatabase();
  const admin = connect(database.url, "postgres", 1);
  const service = connect(database.url, "service_role", 1);
  const signatures = await readSignatures(admin);
  const seen = { closed: 0, reopened: 0, failed: 0, gone: 0 };
  try {
    await fc.assert(
      fc.asyncProperty(history, async (plan) => {
        await replay(plan, admin, service, signatures, seen);
      }),
      { numRuns: HISTORIES, endOnFailure: true },
    );
  } finally {
    await admin.end();
    await service.end();
  }
  console.log(`figures: ${HISTORIES} histories: ${JSON.stringify(seen)}`);
  assert.ok(seen.closed > 0 && seen.reopened > 0 && seen.failed > 0, JSON.stringify(seen));
});

type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

async function replay(
  { days, closesOn }: History,
  admin: postgres.Sql,
  service: postgres.Sql,
  signatures: Awaited<ReturnType<typeof readSignatures>>,
  seen: { closed: number; reopened: number; failed: number; gone: number },
): Promise<void> {
  const simulator = await startTwilioSimulator({ seedMasterNumbers: false });
  const world = new World();
  try {
    const options = { accountSid: simulator.accountSid, authToken: simulator.authToken, apiBaseUrl: simulator.url };
    const master = createTwilio({ ...options, fetch: world.fetch as typeof fetch, pause: async () => {} });
    const accounts = await master.accounts();
    const { sid } = await accounts.create({ friendlyName: "tenant" });
    const first = new Date().toISOString().slice(0, 10);
    await admin`truncate private.usage_accounts, private.usage_days, public.twilio_usage`;
    await admin`delete from private.tenancies`;
    await admin`
      insert into private.tenancies (user_id, subaccount_sid, subaccount_status, last_created_at)
      values (gen_random_uuid(), ${sid}, 'active', now())`;
    const process = {
      call: async ({ point, send }: { point: unknown; send: () => Promise<unknown> }) => {
        const records = JSON.stringify(point).includes("record_usage");
        if (records && world.reading.end === "not recorded") throw new Error("the process ended");
        const answer = await send();
        if (records && world.reading.end === "answer lost") throw new Error("the process ended");
        return answer;
      },
    } as unknown as FunctionsProcess;
    const db = databaseOf(service, signatures, process);
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const sim = (path: string, body: unknown) =>
      fetch(`${simulator.url}/_sim/${path}`, { method: "POST", body: JSON.stringify(body) }).then(async (answer) => {
        assert.ok(answer.ok, `${path}: ${await answer.text()}`);
      });

    /** What the reads found, by day: each value with the dates on which it was found. */
    const found = new Map<string, { contents: Contents; dates: Set<string>; since: string }>();
    const closed = new Set<string>();
    const charges: { category: string; at: string; price: number }[] = [];
    const today = () => dayAfter(new Date().toISOString(), world.days);
    let isClosed = false;

    for (let day = 0; day < BUSY + REST; day++) {
      // A correction after days were closed: the rotation finds it.
      const late: Event[] = day === BUSY + 3 ? [{ kind: "correct", pick: 0, share: 0.5 }] : [];
      const plan = days[day] ?? { events: late, readings: [{ end: "whole" as const }] };
      if (day > 0) {
        world.days++;
        await passUsageDays(admin, 1);
        await sim("settings", { usageClockMs: world.days * DAY_MS });
      }
      for (const happens of isClosed ? [] : plan.events) {
        if (happens.kind === "charge") {
          const at = dayAfter(today(), -happens.daysBack);
          const charge = { category: happens.category, at: at < first ? today() : at, price: happens.price };
          charges.push(charge);
          const visibleInMs = happens.lateDays * DAY_MS;
          // Noon of today may be later than now; usage is shown when it has happened.
          const time = charge.at === today() ? new Date(Date.now() + world.days * DAY_MS).toISOString() : charge.at;
          await sim("charges", { accountSid: sid, ...charge, at: time, visibleInMs });
        } else if (happens.kind === "correct") {
          const corrected = charges.filter(({ at }) => at < today()).at(happens.pick % Math.max(1, charges.length));
          if (corrected !== undefined) {
            const price = -Math.round(corrected.price * happens.share * 1_000_000) / 1_000_000;
            await sim("charges", { accountSid: sid, ...corrected, price, count: happens.share === 1 ? -1 : 0 });
          }
        } else if (happens.kind === "suspend") {
          await accounts(sid).update({ status: "suspended" });
        }
      }
      if (day === closesOn) {
        await accounts(sid).update({ status: "closed" });
        await admin`update private.tenancies set subaccount_status = 'closed'`;
        isClosed = true;
      }
      for (const reading of plan.readings) {
        world.begin(reading);
        let recorded = reading.end !== "not recorded";
        try {
          await syncUsage(sid, { db, accounts: { master: () => Promise.resolve(master) }, log });
        } catch (error) {
          if (reading.end === "whole") throw error;
          seen.failed++;
          recorded = reading.end === "answer lost";
        }
        if (!recorded) continue;
        // A closed account answers 404: it found nothing, and nothing changed.
        const range = world.served.size > 0 ? world.served : new Map([...found].map(([of]) => [of, null]));
        if (world.served.size === 0) seen.gone++;
        for (const [of, lines] of range) {
          const before = found.get(of);
          const contents = lines === null ? before!.contents : contentsOf(lines);
          if (before === undefined || before.contents !== contents) {
            found.set(of, { contents, dates: new Set(), since: today() });
          } else if (today() > of && today() > before.since) before.dates.add(today());
        }
        await judge(reading);
      }
    }

    async function judge(reading: Reading): Promise<void> {
      const stored = await storedDays(admin, sid, world.days);
      for (const [of, { contents, dates }] of found) {
        assert.equal(
          stored.contents.get(of) ?? "",
          contents,
          `${of} after a read that ended ${JSON.stringify(reading)}`,
        );
        if (!stored.closed.has(of)) {
          if (closed.delete(of)) seen.reopened++;
        } else if (!closed.has(of)) {
          assert.ok(dates.size >= 3, `${of} was closed after ${dates.size} unchanged dates`);
          closed.add(of);
          seen.closed++;
        }
      }
    }

    // At rest: every day is as at Twilio, and closed.
    const stored = await storedDays(admin, sid, world.days);
    if (!isClosed) {
      world.begin({ end: "whole" });
      const daily = await master.dailyUsageOf(sid);
      let page: Awaited<ReturnType<typeof daily.page>> | undefined = await daily.page({
        startDate: new Date(dayAfter(first, -world.days)),
        endDate: new Date(dayAfter(today(), -world.days)),
        includeSubaccounts: false,
        pageSize: 1000,
      });
      while (page !== undefined) page = await page.nextPage() as typeof page | undefined;
      for (const [of, lines] of world.served) assert.equal(stored.contents.get(of) ?? "", contentsOf(lines), of);
      assert.equal(world.served.size, BUSY + REST);
    }
    const open = [...stored.contents.keys()].filter((of) => !stored.closed.has(of));
    assert.deepEqual(open, [], "days with usage that are still open at rest");
    const [state] = await admin`select total_price from private.usage_days where not exists (
      select from public.twilio_usage u where u.account_sid = usage_days.account_sid and u.day = usage_days.day
        and u.category = 'totalprice' and u.price = usage_days.total_price)
      and total_price <> 0`;
    assert.equal(state, undefined, "a total that is not that of totalprice");
  } finally {
    await simulator.stop();
  }
}

/** The days of the database as those of the simulator. */
async function storedDays(admin: postgres.Sql, sid: string, ahead: number) {
  const rows = await admin<
    { day: string; category: string; price_unit: string; count: string; usage: string; price: string }[]
  >`
    select day::text, category, price_unit, count, usage, price from public.twilio_usage
    where account_sid = ${sid} and (count, usage, price) <> (0, 0, 0)`;
  const lines = new Map<string, string[]>();
  for (const row of rows) {
    const day = dayAfter(row.day, ahead);
    lines.set(day, [...lines.get(day) ?? [], line(row)]);
  }
  const closed = await admin<{ day: string }[]>`
    select day::text from private.usage_days where account_sid = ${sid} and closed_at is not null`;
  return {
    contents: new Map([...lines].map(([day, of]) => [day, contentsOf(of)])),
    closed: new Set(closed.map(({ day }) => dayAfter(day, ahead))),
  };
}
