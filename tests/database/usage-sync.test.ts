import assert from "node:assert/strict";
import fc from "fast-check";
import type postgres from "postgres";
import { startTwilioSimulator, type TwilioSimulator } from "../../local/simulators/twilio/mod.ts";
import type { Db } from "../../supabase/functions/_shared/platform/database.ts";
import { createTwilio, type Twilio } from "../../supabase/functions/_shared/twilio/client.ts";
import { readUsage } from "../../supabase/functions/_shared/usage/records.ts";
import { syncUsage } from "../../supabase/functions/_shared/usage/sync.ts";
import type { FunctionsProcess } from "../faults/harness/process.ts";
import { connect, databaseOf, readSignatures } from "../faults/harness/database.ts";
import { passUsageDays } from "../support/passing-time.ts";
import { startTestDatabase } from "../support/test-database.ts";

const DAY_MS = 86_400_000;
const HISTORIES = Number(Deno.env.get("USAGE_HISTORIES") ?? "3");
/** The days of a history on which things happen, and those on which it comes to rest: long enough for a rotation. */
const BUSY = 10;
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

/** A history with one charge and one failed read. */
const quiet = (closesOn: number | null): History => ({
  days: Array.from({ length: BUSY }, (_, day) => ({
    events: day > 0
      ? []
      : [{ kind: "charge", category: "sms-outbound-longcode", daysBack: 0, price: 0.0083, lateDays: 1 }],
    readings: [day === 2 ? { end: "request", at: 0, how: 503 } : { end: "whole" }],
  })),
  closesOn,
});

/** What the histories had, so that they prove something. */
interface Seen {
  closed: number;
  reopened: number;
  failed: number;
  gone: number;
}

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

  constructor(private readonly simulator: Pick<TwilioSimulator, "fetch">) {}

  begin(reading: Reading) {
    this.reading = reading;
    this.requests = 0;
    this.served = new Map();
  }

  fetch = async (input: URL | RequestInfo, init?: RequestInit): Promise<Response> => {
    const url = new URL(String(input));
    if (!url.pathname.includes("/Usage/")) return await this.simulator.fetch(url, init);
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
    const response = await this.simulator.fetch(url, init);
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
  const seen: Seen = { closed: 0, reopened: 0, failed: 0, gone: 0 };
  try {
    await fc.assert(
      fc.asyncProperty(history, async (plan) => {
        await replay(plan, admin, service, signatures, seen);
      }),
      { numRuns: HISTORIES, endOnFailure: true, examples: [[quiet(null)], [quiet(BUSY - 4)]] },
    );
  } finally {
    await admin.end();
    await service.end();
  }
  console.log(`figures: ${HISTORIES} histories: ${JSON.stringify(seen)}`);
  assert.ok(Object.values(seen).every((count) => count > 0), JSON.stringify(seen));
});

type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;
type Signatures = Awaited<ReturnType<typeof readSignatures>>;

/** What the reads found on a day, since when, and the later dates on which it was found again. */
interface Found {
  contents: Contents;
  since: string;
  dates: Set<string>;
}

async function replay(
  { days, closesOn }: History,
  admin: postgres.Sql,
  service: postgres.Sql,
  signatures: Signatures,
  seen: Seen,
): Promise<void> {
  const simulator = await startTwilioSimulator({ seedMasterNumbers: false });
  try {
    const tenant = await Tenant.create(simulator, admin, databases(service, signatures), seen);
    for (let day = 0; day < BUSY + REST; day++) {
      if (day > 0) await tenant.passDay();
      // A correction after days were closed: the rotation finds it.
      const late: Event[] = day === BUSY + 3 ? [{ kind: "correct", pick: 0, share: 0.5 }] : [];
      const { events, readings } = days[day] ?? { events: late, readings: [{ end: "whole" as const }] };
      for (const event of events) await tenant.happen(event);
      if (day === closesOn) await tenant.happen({ kind: "close" });
      for (const reading of readings) await tenant.read(reading);
    }
    await tenant.assertAtRest();
  } finally {
    await simulator.stop();
  }
}

/** The database as the functions call it, in a process that ends where a reading says so. */
function databases(service: postgres.Sql, signatures: Signatures): (world: World) => Db {
  return (world) => {
    const process = {
      async call({ point, send }: { point: string; send: () => Promise<unknown> }) {
        const end = point.includes("record_usage") ? world.reading.end : "whole";
        if (end === "not recorded") throw new Error("the process ended");
        const answer = await send();
        if (end === "answer lost") throw new Error("the process ended");
        return answer;
      },
    };
    return databaseOf(service, signatures, process as unknown as FunctionsProcess);
  };
}

/** A tenant's account at the simulator and in the database, and what must be true of the two. */
class Tenant {
  private readonly first = new Date().toISOString().slice(0, 10);
  private readonly found = new Map<string, Found>();
  private readonly closed = new Set<string>();
  private readonly charges: { category: string; at: string; price: number }[] = [];
  private isClosed = false;

  private constructor(
    private readonly sid: string,
    private readonly simulator: TwilioSimulator,
    private readonly master: Twilio,
    private readonly world: World,
    private readonly admin: postgres.Sql,
    private readonly db: Db,
    private readonly seen: Seen,
  ) {}

  static async create(simulator: TwilioSimulator, admin: postgres.Sql, db: (world: World) => Db, seen: Seen) {
    const world = new World(simulator);
    const { accountSid, authToken, url: apiBaseUrl } = simulator;
    const fetch = world.fetch as typeof globalThis.fetch;
    const master = createTwilio({ accountSid, authToken, apiBaseUrl, fetch, pause: async () => {} });
    const { sid } = await (await master.accounts()).create({ friendlyName: "tenant" });
    await admin`truncate private.usage_accounts, private.usage_days, public.twilio_usage`;
    await admin`delete from private.tenancies`;
    await admin`
      insert into private.tenancies (user_id, subaccount_sid, subaccount_status, last_created_at)
      values (gen_random_uuid(), ${sid}, 'active', now())`;
    return new Tenant(sid, simulator, master, world, admin, db(world), seen);
  }

  private today(): string {
    return dayAfter(new Date().toISOString(), this.world.days);
  }

  private async sim(path: string, body: unknown): Promise<void> {
    const answer = await this.simulator.fetch(`${this.simulator.url}/_sim/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${text}`);
  }

  async passDay(): Promise<void> {
    this.world.days++;
    await passUsageDays(this.admin, 1);
    await this.sim("settings", { usageClockMs: this.world.days * DAY_MS });
  }

  async happen(event: Event): Promise<void> {
    if (this.isClosed) return;
    switch (event.kind) {
      case "charge": {
        const at = dayAfter(this.today(), -event.daysBack);
        const charge = { category: event.category, at: at < this.first ? this.today() : at, price: event.price };
        this.charges.push(charge);
        return await this.charge(charge, { visibleInMs: event.lateDays * DAY_MS });
      }
      case "correct": {
        const past = this.charges.filter(({ at }) => at < this.today());
        const corrected = past[event.pick % Math.max(1, past.length)];
        if (corrected === undefined) return;
        const price = -Math.round(corrected.price * event.share * 1_000_000) / 1_000_000;
        return await this.charge({ ...corrected, price }, { count: event.share === 1 ? -1 : 0 });
      }
      case "suspend":
      case "close": {
        this.isClosed = event.kind === "close";
        await (await this.master.accounts())(this.sid).update({ status: this.isClosed ? "closed" : "suspended" });
        if (this.isClosed) await this.admin`update private.tenancies set subaccount_status = 'closed'`;
      }
    }
  }

  private async charge(charge: { category: string; at: string; price: number }, details: Record<string, number>) {
    // Noon of today may be later than now, and usage shows what has happened.
    const now = new Date(Date.now() + this.world.days * DAY_MS).toISOString();
    const at = charge.at === this.today() ? now : charge.at;
    await this.sim("charges", { accountSid: this.sid, ...charge, at, ...details });
  }

  /** Reads once. What is stored is then as the last recorded read found it, and every closed day had its three dates. */
  async read(reading: Reading): Promise<void> {
    this.world.begin(reading);
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    try {
      await syncUsage(this.sid, { db: this.db, accounts: { master: () => Promise.resolve(this.master) }, log });
      if (reading.end === "not recorded") return;
    } catch (error) {
      if (reading.end === "whole") throw error;
      this.seen.failed++;
      if (reading.end !== "answer lost") return;
    }
    this.noteFound();
    await this.judge(reading);
  }

  private noteFound(): void {
    const { served } = this.world;
    if (served.size === 0) this.seen.gone++;
    // An account that answers 404 has nothing new: all is as before.
    const contents = new Map<string, Contents>(
      served.size === 0
        ? [...this.found].map(([day, { contents }]) => [day, contents])
        : [...served].map(([day, lines]) => [day, contentsOf(lines)]),
    );
    for (const [day, value] of contents) {
      const before = this.found.get(day);
      if (before === undefined || before.contents !== value) {
        this.found.set(day, { contents: value, since: this.today(), dates: new Set() });
      } else if (this.today() > day && this.today() > before.since) before.dates.add(this.today());
    }
  }

  private async judge(reading: Reading): Promise<void> {
    const stored = await storedDays(this.admin, this.sid, this.world.days);
    for (const [day, { contents, dates }] of this.found) {
      assert.equal(
        stored.contents.get(day) ?? "",
        contents,
        `${day}, after a read that ended ${JSON.stringify(reading)}`,
      );
      if (!stored.closed.has(day)) {
        if (this.closed.delete(day)) this.seen.reopened++;
      } else if (!this.closed.has(day)) {
        assert.ok(dates.size >= 3, `${day} was closed after ${dates.size} unchanged dates`);
        this.closed.add(day);
        this.seen.closed++;
      }
    }
  }

  /** Every day is as at Twilio, and closed. */
  async assertAtRest(): Promise<void> {
    const stored = await storedDays(this.admin, this.sid, this.world.days);
    if (!this.isClosed) {
      this.world.begin({ end: "whole" });
      const until = dayAfter(this.today(), -this.world.days);
      const days = { from: dayAfter(this.first, -this.world.days), until };
      await readUsage(await this.master.dailyUsageOf(this.sid), days, false);
      assert.equal(this.world.served.size, BUSY + REST);
      for (const [day, lines] of this.world.served) {
        assert.equal(stored.contents.get(day) ?? "", contentsOf(lines), day);
      }
    }
    assert.deepEqual(
      [...stored.contents.keys()].filter((day) => !stored.closed.has(day)),
      [],
      "days that are still open",
    );
    const wrong = await this.admin`
      select d.day from private.usage_days d left join public.twilio_usage u
        on u.account_sid = d.account_sid and u.day = d.day and u.category = 'totalprice' and u.price_unit = d.price_unit
      where coalesce(u.price, 0) <> d.total_price`;
    assert.deepEqual([...wrong], [], "totals that are not those of totalprice");
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
