import type Stripe from "stripe";
import { FAILING_CARD, WORKING_CARD } from "../../local/simulators/stripe/billing/payment-methods.ts";
import { Trap } from "../faults/harness/traps.ts";
import { dayOf, type InForce, type Kind, type Period, type Usage } from "./reference.ts";
import { FREE, planOf } from "./catalogue.ts";
import { type Again, type Cancel, END, LAST_CHANGE, LAST_USE, type Story, type Use } from "./story.ts";
import type { BillingWorld, Owner } from "./world.ts";

const HOUR = 3600;

/** What a tenant will do, and when: seconds since 1970. */
export interface Appointment {
  at: number;
  happen: () => Promise<void>;
}

/** A subscription that the tenant has, or had. Times are in seconds. */
export interface Purchase {
  readonly subscriptionId: string;
  readonly customerId: string;
  /** Another person pays for it. */
  readonly isGift: boolean;
  readonly createdAt: number;
  readonly boughtAt: number;
  plan: string;
  trialEnd: number | null;
  endedAt: number | null;
  /** The start of the period that has not ended. */
  openSince: number;
  meteredSince: Partial<Record<Kind, bigint>>;
  /** When an operator restarted its period at Stripe. */
  readonly restarts: number[];
}

/** One tenant who lives through a story. */
export class Tenant implements Owner {
  readonly userId: string;
  private readonly traps: readonly { in: string | null; trap: Trap }[];
  readonly uses: Usage[] = [];
  readonly appointments: Appointment[] = [];
  readonly purchases: Purchase[] = [];
  /** The customers that were deleted at Stripe. */
  readonly deleted = new Set<string>();
  /** From when on the hours of the story count. */
  boughtAt: number;
  /** How many webhooks were seen. */
  webhooks = 0;
  private failing = false;

  constructor(readonly story: Story, readonly world: BillingWorld, begins: number, index: number) {
    this.userId = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
    this.traps = story.troubles.map(({ in: job, at, call, fault }) => ({ in: job, trap: new Trap(at, fault, call) }));
    this.boughtAt = begins + story.startsIn * HOUR;
    this.at(0, () => this.buys());
    for (const { hour, times } of story.rejected) this.at(hour, () => this.isRejected(times));
    for (const step of story.steps) {
      this.at(step.hour, async () => {
        switch (step.type) {
          case "use":
            return this.plansToUse(step);
          case "change_plan":
            return await this.changesPlan(step.to);
          case "end_trial":
            return await this.endsTrial();
          case "payment_fails":
            return await this.failsToPay(step.paysAfter);
          case "cancel":
            return await this.cancels(step.how);
          case "buys_again":
            return await this.buysAgain(step.how, step.plan);
          case "restart_period":
            return await this.restartsPeriod();
          case "is_deleted":
            return await this.isDeleted();
        }
      });
    }
  }

  private at(hour: number, happen: () => Promise<void>): void {
    this.appointments.push({ at: this.boughtAt + hour * HOUR, happen });
  }

  private get hour(): number {
    return (this.world.now - this.boughtAt) / HOUR;
  }

  get endsAt(): number {
    return this.boughtAt + END * HOUR;
  }

  trapsIn(job: string): Trap[] {
    return this.traps.filter((each) => each.in === null || each.in === job).map(({ trap }) => trap);
  }

  isDown(now: number): boolean {
    const hour = (now - this.boughtAt) / HOUR;
    return this.story.down.some((down) => hour >= down.hour && hour < down.hour + down.hours);
  }

  async buys(): Promise<void> {
    const { world, story: { bought, trialDays, currency, plan }, userId } = this;
    await world.sql`insert into auth.users (id, email) values (${userId}, ${userId + "@example.com"})`;
    if (bought === "none") return;
    const key = planOf(currency, plan);
    let subscriptionId: string;
    if (bought === "gift") {
      const purchase = await world.control("POST", "/checkout", {
        ...{ clientReferenceId: userId, plan: key },
        ...(trialDays > 0 && { trial: trialDays }),
      });
      subscriptionId = String(purchase["subscriptionId"]);
    } else {
      subscriptionId = await this.subscribes(await this.newCustomer(), key, bought === "own", trialDays);
    }
    const { boughtAt } = await this.notePurchase(subscriptionId, key, bought === "gift");
    this.boughtAt = boughtAt;
  }

  /** Our checkout sells nothing to a tenant with a subscription that is not over. An operator may. */
  async buysAgain(how: Again, plan: number): Promise<void> {
    const running = await this.running();
    if (how === "own" && running.length > 0) return;
    // Of two subscriptions of one second it is not said which is the newer one.
    if (this.purchases.some(({ createdAt }) => createdAt === this.world.now)) await this.world.advance(1);
    const key = planOf(this.story.currency, plan);
    const known = this.purchases.findLast(({ isGift, customerId }) => !isGift && !this.deleted.has(customerId));
    const customer = how === "other_customer" || known === undefined ? await this.newCustomer() : known.customerId;
    // A first payment that fails makes no subscription.
    await this.world.stripe.customers.update(customer, {
      invoice_settings: { default_payment_method: WORKING_CARD },
    });
    await this.notePurchase(await this.subscribes(customer, key, how !== "elsewhere", 0), key, false);
  }

  private async newCustomer(): Promise<string> {
    const customer = await this.world.stripe.customers.create({
      ...{ email: `${this.userId}@example.com`, metadata: { user_id: this.userId }, payment_method: WORKING_CARD },
      invoice_settings: { default_payment_method: WORKING_CARD },
    });
    return customer.id;
  }

  private async subscribes(customer: string, key: string, isMetered: boolean, trialDays: number): Promise<string> {
    const metered = isMetered ? this.world.meteredPrices(this.story.currency) : [];
    const subscription = await this.world.stripe.subscriptions.create({
      customer,
      items: [{ price: this.world.priceOf(key) }, ...metered.map((price) => ({ price }))],
      ...(trialDays > 0 && { trial_period_days: trialDays }),
      metadata: { user_id: this.userId },
    });
    return subscription.id;
  }

  private async notePurchase(subscriptionId: string, plan: string, isGift: boolean): Promise<Purchase> {
    const subscription = await this.world.stripe.subscriptions.retrieve(subscriptionId);
    const purchase: Purchase = {
      ...{ subscriptionId, plan, isGift, customerId: String(subscription.customer), createdAt: subscription.created },
      ...{ boughtAt: subscription.items.data[0]!.current_period_start, trialEnd: subscription.trial_end },
      ...{ endedAt: null, openSince: Infinity, meteredSince: {}, restarts: [] },
    };
    this.purchases.push(purchase);
    return purchase;
  }

  /** Those whose subscription is not over. */
  private async running(): Promise<{ purchase: Purchase; subscription: Stripe.Subscription }[]> {
    const all = await Promise.all(this.purchases.map(async (purchase) => ({
      purchase,
      subscription: await this.world.stripe.subscriptions.retrieve(purchase.subscriptionId),
    })));
    return all.filter(({ subscription: { status } }) => !["canceled", "incomplete_expired"].includes(status));
  }

  /** Since when the installation has known each plan. A usage is priced by the plan that it knew then. */
  async versions(): Promise<InForce[]> {
    const rows = await this.world.sql<{ subscription: string; plan: string; micros: string }[]>`
      select subscription_id as subscription, plan_key as plan, (extract(epoch from since) * 1000000)::bigint::text as micros
      from proof.plans where subscription_id = any (${this.purchases.map(({ subscriptionId }) => subscriptionId)})
      order by subscription_id, since`;
    return rows.map(({ subscription, plan, micros }, index) => ({
      ...{ subscription, plan },
      from: rows[index - 1]?.subscription === subscription ? BigInt(micros) : 0n,
    }));
  }

  async changesPlan(to: number): Promise<void> {
    const current = (await this.running()).at(-1);
    const key = planOf(this.story.currency, to);
    if (current === undefined || current.purchase.plan === key) return;
    const { purchase, subscription } = current;
    const flat = subscription.items.data.find(({ price }) => price.recurring?.usage_type !== "metered")!;
    await this.world.stripe.subscriptions.update(subscription.id, {
      items: [{ id: flat.id, price: this.world.priceOf(key) }],
    });
    purchase.plan = key;
  }

  async endsTrial(): Promise<void> {
    for (const { purchase, subscription } of await this.running()) {
      if (subscription.status !== "trialing") continue;
      const ended = await this.world.stripe.subscriptions.update(subscription.id, { trial_end: "now" });
      purchase.trialEnd = ended.trial_end ?? this.world.now;
    }
  }

  /**
   * Stripe then begins a period now and makes the invoice of the one before, without a grace period. A period that was also
   * begun since the last read is not known to the installation: its usage is a loss with a name.
   */
  async restartsPeriod(): Promise<void> {
    const current = (await this.running()).at(-1);
    if (current?.subscription.status !== "active") return;
    const { id, items } = current.subscription;
    const [known] = await this.world.sql<{ start: string }[]>`
      select current_period_start as start from public.subscriptions where id = ${id}`;
    if (Date.parse(known?.start ?? "") !== items.data[0]!.current_period_start * 1000) return;
    await this.world.stripe.subscriptions.update(id, {
      billing_cycle_anchor: { type: "now" },
    });
    current.purchase.restarts.push(this.world.now);
  }

  /** For some hours the card of the tenant is declined. Then they pay what is open with another. */
  async failsToPay(paysAfter: number): Promise<void> {
    const { world, failing } = this;
    const customerId = this.purchases.at(-1)?.customerId;
    if (customerId === undefined || failing || this.deleted.has(customerId)) return;
    this.failing = true;
    await world.stripe.customers.update(customerId, { invoice_settings: { default_payment_method: FAILING_CARD } });
    this.at(this.hour + paysAfter, async () => {
      this.failing = false;
      if (this.deleted.has(customerId)) return;
      await world.stripe.customers.update(customerId, { invoice_settings: { default_payment_method: WORKING_CARD } });
      for (const { id } of (await world.stripe.invoices.list({ customer: customerId, status: "open" })).data) {
        await world.stripe.invoices.pay(id!);
      }
    });
  }

  async cancels(how: Cancel): Promise<void> {
    const { world } = this;
    const id = (await this.running()).at(-1)?.subscription.id;
    if (id === undefined) return;
    switch (how) {
      case "now":
      case "at_period_end":
        await world.sql`select * from public.request_cancellation(null, ${this.userId}, null,
          ${how === "now" ? "now" : "period_end"}, false, 'proof', null)`;
        return;
      case "dashboard":
      case "dashboard_invoiced":
        await world.stripe.subscriptions.cancel(id, { invoice_now: how === "dashboard_invoiced" });
        return;
      case "dashboard_at_period_end":
        await world.stripe.subscriptions.update(id, { cancel_at_period_end: true });
    }
  }

  /** Stripe ends the subscriptions of a deleted customer at once, without a last invoice. */
  async isDeleted(): Promise<void> {
    const customerId = this.purchases.at(-1)?.customerId;
    if (customerId === undefined || this.deleted.has(customerId)) return;
    this.deleted.add(customerId);
    await this.world.stripe.customers.del(customerId);
  }

  private async isRejected(times: number): Promise<void> {
    const customer = this.purchases.at(-1)?.customerId;
    if (customer === undefined) return;
    const code = "meter_event_customer_not_found";
    await this.world.control("POST", "/faults", { meterEvents: "reject", code, times, customer });
  }

  /** Notes what the subscriptions have become. */
  async look(): Promise<void> {
    const kinds = this.world.kindsOfPrices();
    for (const purchase of this.purchases) {
      const subscription = await this.world.stripe.subscriptions.retrieve(purchase.subscriptionId);
      purchase.endedAt = subscription.ended_at;
      if (purchase.endedAt === null) purchase.openSince = subscription.items.data[0]!.current_period_start;
      for (const { price, created } of subscription.items.data) {
        const kind = kinds.get(price.id);
        if (kind !== undefined) purchase.meteredSince[kind] = BigInt(created) * 1_000_000n;
      }
    }
  }

  plansToUse(use: Use): void {
    const at = this.momentOf(use);
    const foundAt = Math.max(this.world.now, Math.ceil(Number(at) / 1e6) + use.foundAfter * HOUR);
    this.appointments.push({ at: foundAt, happen: () => this.uses_(use, at) });
  }

  private momentOf({ hour, edge }: Use): bigint {
    const at = BigInt(Math.floor((this.boughtAt + hour * HOUR) * 1e6));
    const period = edge === null ? undefined : this.periods().find(({ from, until }) => from <= at && at < until);
    const isTooLate = period === undefined || Number(period.until / 1_000_000n) > this.boughtAt + LAST_USE * HOUR;
    return isTooLate ? at : period.until + BigInt(edge!);
  }

  /** Puts a message or a fee into the ledger, as the functions leave it there. */
  private async uses_({ kind, pieces, cost, pricedAfter, later }: Use, at: bigint): Promise<void> {
    const { sql } = this.world;
    const id = crypto.randomUUID();
    const [plan] = await sql<{ key: string | null; markup: string }[]>`
      select p.key, p.markup::text from private.plan_of(${this.userId}) p`;
    const { key = FREE, markup = "1" } = plan ?? {};
    const isFee = kind === "number" || kind === "fee";
    const estimate = decimal(cost + 7);
    const usage: Usage = {
      ...{ id, kind, at, unit: "USD", plan: key ?? FREE, markup },
      pieces: isFee || kind.startsWith("sms") ? pieces : 1,
      cost: isFee ? decimal(cost * 40) : estimate,
    };
    this.uses.push(usage);
    const moment = isoOf(at);
    if (isFee) {
      await sql`insert into private.fees (id, user_id, key, kind, number_id, count, cost, markup, plan_key, charged_at)
        values (${id}, ${this.userId}, ${id}, ${kind === "number" ? "number" : "other"},
          ${kind === "number" ? crypto.randomUUID() : null}, ${pieces}, ${usage.cost}, ${markup}, ${usage.plan},
          ${moment}::text::timestamptz)`;
    } else {
      const isOut = kind.endsWith("_out");
      const sid = `${kind.startsWith("mms") ? "MM" : "SM"}${id.replaceAll("-", "")}`;
      await sql`
        insert into public.sms_messages (id, user_id, direction, from_number, to_number, status, account_sid, source,
          twilio_message_sid, num_segments, has_media, country, estimated_price, markup, plan_key, created_at)
        values (${id}, ${this.userId}, ${isOut ? "outbound" : "inbound"}, '+14155550101', '+14155550199',
          ${isOut ? "delivered" : "received"}, ${"AC" + "0".repeat(32)}, 'subaccount', ${sid}, ${pieces},
          ${kind.startsWith("mms")}, ${isOut ? "US" : null}, ${estimate}, ${markup}, ${usage.plan},
          ${moment}::text::timestamptz)`;
      if (pricedAfter !== null) this.changesLater(usage, pricedAfter, cost);
    }
    for (const { after, cost } of later) {
      this.changesLater(usage, (pricedAfter ?? 0) + after, cost === null || !isFee ? cost : cost * 40);
    }
  }

  private changesLater(usage: Usage, hours: number, cost: number | null): void {
    const happen = async () => {
      const { sql } = this.world;
      // What does not count any more has no price either.
      if (usage.cost === null) return;
      const isFee = usage.kind === "number" || usage.kind === "fee";
      if (cost === null && usage.kind.endsWith("_in")) return;
      usage.cost = cost === null ? null : decimal(cost);
      if (isFee && cost === null) await sql`delete from private.fees where id = ${usage.id}`;
      else if (isFee) await sql`update private.fees set cost = ${usage.cost} where id = ${usage.id}`;
      else if (cost === null) await sql`update public.sms_messages set status = 'not_sent' where id = ${usage.id}`;
      else {
        await sql`update public.sms_messages set price = ${"-" + usage.cost}::numeric, price_unit = 'USD'
          where id = ${usage.id}`;
      }
    };
    // Nothing changes towards the end, so that all of it can be billed.
    this.appointments.push({
      at: Math.min(this.world.now + hours * HOUR, this.boughtAt + LAST_CHANGE * HOUR),
      happen,
    });
  }

  /** The periods of the tenant's own subscriptions, by the calendar. */
  periods(until = this.endsAt + 90 * 24 * HOUR): Period[] {
    return this.purchases.filter(({ isGift }) => !isGift).flatMap((purchase) => {
      const { subscriptionId, customerId, meteredSince, createdAt, trialEnd, restarts } = purchase;
      const { story: { currency } } = this;
      const ends = purchase.endedAt ?? until;
      const common = {
        currency,
        subscription: subscriptionId,
        customer: customerId,
        meteredSince,
        createdAt: micros(createdAt),
      };
      const periods: Period[] = [];
      let from = purchase.boughtAt;
      if (trialEnd !== null) {
        periods.push({ from: micros(from), until: micros(Math.min(trialEnd, ends)), isTrial: true, ...common });
        from = trialEnd;
      }
      for (let month = 1, anchor = from; from < ends; month++) {
        const renewal = monthsAfter(anchor, month);
        const restart = restarts.find((at) => at > from && at < renewal);
        const next = restart ?? renewal;
        periods.push({ from: micros(from), until: micros(Math.min(next, ends)), isTrial: false, ...common });
        if (restart !== undefined) [anchor, month] = [restart, 0];
        from = next;
      }
      return periods.filter(({ from, until }) => from < until);
    });
  }
}

const micros = (seconds: number) => BigInt(seconds) * 1_000_000n;
const decimal = (hundredThousandths: number) => (hundredThousandths / 100_000).toFixed(5);

/** ISO 8601 with microseconds. */
export function isoOf(at: bigint): string {
  const time = new Date(Number(at / 1_000_000n) * 1000).toISOString().slice(11, 19);
  return `${dayOf(at)}T${time}.${String(at % 1_000_000n).padStart(6, "0")}Z`;
}

/** The same day of the month and time in UTC, or the last day of a shorter month. */
function monthsAfter(seconds: number, months: number): number {
  const date = new Date(seconds * 1000);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + months, date.getUTCDate()];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const midnight = Date.UTC(year, month, Math.min(day, last));
  return midnight / 1000 + (seconds - Math.floor(seconds / 86_400) * 86_400);
}
