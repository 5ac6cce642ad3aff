import type Stripe from "stripe";
import { HANDLED_TYPES } from "../../supabase/functions/_shared/billing/event-subject.ts";
import { type Story, told } from "./story.ts";
import { Tenant } from "./tenant.ts";
import { judge } from "./verdict.ts";
import type { BillingWorld } from "./world.ts";

interface ThinEvent {
  id: string;
  type: string;
  created: string;
}

const HOUR = 3600;
/** The hours between two looks of the scheduler. Days pass at once, and some hours do not. */
const PAUSES = [2, 7, 16, 25, 31];
const LATE_SECONDS = 5 * HOUR;
/** A lost webhook is found in Stripe's list of events. */
const MISSED_SECONDS = 24 * HOUR;

export interface Round {
  seed: number;
  /** When the round begins. */
  begins: number;
  /** How long Stripe keeps a draft open after the end of a period. */
  graceHours: number;
}

/** A violation of one tenant's history. */
export interface Violation {
  userId: string;
  story: Story;
  findings: string[];
}

/** Lets tenants live through their stories at the same time, and judges each. */
export async function play(world: BillingWorld, stories: readonly Story[], round: Round): Promise<Violation[]> {
  world.random = randomFrom(round.seed);
  await world.begin(round.begins);
  await world.control("POST", "/account", {
    ...{ gracePeriodSeconds: round.graceHours * HOUR, draftsOfEnded: world.random() < 0.5 ? "stay" : "advance" },
  });
  await world.control("POST", "/metering", meteringOf(world.random));
  const tenants = stories.map((story, index) => new Tenant(story, world, round.begins, index + 1));
  const byCustomer = new Map<string, Tenant>();
  const bySubject = new Map<unknown, Tenant>(tenants.map((tenant) => [tenant.userId, tenant]));
  const eventsOf = new Map<string, Tenant>();
  world.ownerOf = (job) => {
    for (const name of ["userId", "customerId", "subscriptionId"]) {
      const tenant = bySubject.get(job[name]);
      if (tenant !== undefined) return tenant;
    }
    return eventsOf.get(String(job["eventId"]));
  };

  const late: { at: number; record: () => Promise<void> }[] = [];
  const types: ReadonlySet<string> = new Set(HANDLED_TYPES);
  let lastEvent: string | undefined;
  async function deliverWebhooks(): Promise<void> {
    const events = await world.stripe.events.list({
      ...{ limit: 100, ...(lastEvent !== undefined && { ending_before: lastEvent }) },
    }).autoPagingToArray({ limit: 10_000 });
    // With a cursor, the pages go from older to newer events, each newest first.
    events.sort((a, b) => a.created - b.created);
    // Of the events about an object in the same moment, the last one is enough: each only says what to read.
    const last = new Map(events.filter(({ type }) => types.has(type)).map((event) => [aboutOf(event), event]));
    if (events.length > 0) lastEvent = (await world.stripe.events.list({ limit: 1 })).data[0]!.id;
    for (const event of last.values()) {
      const object = event.data.object as { id?: string; customer?: unknown; object: string };
      const customer = object.object === "customer" ? object.id : object.customer;
      const tenant = byCustomer.get(String(customer));
      if (tenant === undefined) continue;
      eventsOf.set(event.id, tenant);
      const record = async () => {
        await world.sql`select * from public.record_stripe_event(${event.id}, ${event.type},
          to_timestamp(${event.created}), ${world.sql.json(JSON.parse(JSON.stringify(event)))})`;
      };
      const fate = tenant.story.webhooks[tenant.webhooks++] ?? "delivered";
      if (fate === "late") late.push({ at: world.now + LATE_SECONDS, record });
      else if (fate === "lost") late.push({ at: world.now + MISSED_SECONDS, record });
      else for (let times = fate === "delivered" ? 1 : 2; times > 0; times--) await record();
    }
    await deliverThinEvents();
    for (const { record } of late.filter(({ at }) => at <= world.now)) await record();
    late.splice(0, late.length, ...late.filter(({ at }) => at > world.now));
  }

  const thin = new Set<string>();
  /** Thin events name no customer. Some are lost, and some come twice. */
  async function deliverThinEvents(): Promise<void> {
    const { thinEvents } = await world.control("GET", "/thin-events") as { thinEvents: { event: ThinEvent }[] };
    for (const { event } of thinEvents) {
      if (thin.has(event.id)) continue;
      thin.add(event.id);
      for (let times = Math.floor(world.random() * 3); times > 0; times--) {
        await world.sql`select * from public.record_stripe_event(${event.id}, ${event.type}, ${event.created},
          ${world.sql.json(event as never)})`;
      }
    }
  }

  const waiting = new Set(tenants.filter(({ appointments }) => appointments.length > 0));
  const end = Math.max(...tenants.map(({ endsAt }) => endsAt));
  while (world.now < end) {
    await world.advance(PAUSES[Math.floor(world.random() * PAUSES.length)]! * HOUR + Math.floor(world.random() * 60));
    for (const tenant of waiting) {
      for (;;) {
        tenant.appointments.sort((a, b) => a.at - b.at);
        if (tenant.appointments.length === 0 || tenant.appointments[0]!.at > world.now) break;
        await tenant.appointments.shift()!.happen();
      }
      for (const { customerId, subscriptionId } of tenant.purchases) {
        byCustomer.set(customerId, tenant);
        for (const id of [customerId, subscriptionId]) bySubject.set(id, tenant);
      }
      if (tenant.appointments.length === 0) waiting.delete(tenant);
    }
    await deliverWebhooks();
    await world.work(6);
    await world.sql`select proof.note_statements(make_interval(hours => ${round.graceHours + 1}))`;
    await world.sql`select proof.note_shown_statements()`;
  }

  const violations: Violation[] = [];
  for (const tenant of tenants) {
    const findings = await judge(tenant, world, round.graceHours);
    if (findings.length > 0) violations.push({ userId: tenant.userId, story: tenant.story, findings });
  }
  return violations;
}

export function explained({ story, findings }: Violation): string {
  return `${told(story)}\n${findings.map((finding) => `  WRONG: ${finding}`).join("\n")}`;
}

/** What an event is about. A deleted customer and a paid invoice say more than another event of the same object. */
function aboutOf({ type, data }: Stripe.Event): string {
  const { id } = data.object as { id?: string };
  return /deleted|paid|payment_failed/.test(type) ? `${type} ${id}` : String(id);
}

/** What Stripe does not document, or does when it is busy. */
function meteringOf(random: () => number): Record<string, unknown> {
  const one = <Value>(...values: Value[]) => values[Math.floor(random() * values.length)]!;
  return {
    processingSeconds: one(0, 5, 300),
    summarySeconds: one(0, 60, 900),
    rejectedIdentifiers: one("exist", "free"),
    samples: one(0, 1, 3),
    emptySummaries: one("omitted", "zero"),
    summaryEnd: one("exclusive", "inclusive"),
  };
}

/** A small generator of random numbers (mulberry32): the same seed gives the same round. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
