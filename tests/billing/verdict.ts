import type Stripe from "stripe";
import { PLANS, RATES } from "./catalogue.ts";
import { type Due, type Facts, type Fraction, type Kind, KINDS, reckon, rounded, shown } from "./reference.ts";
import { isoOf, type Tenant } from "./tenant.ts";
import type { Story } from "./story.ts";
import type { BillingWorld } from "./world.ts";

/** One use of a metered price on an invoice. */
interface Billed {
  kind: Kind;
  quantity: bigint;
  /** When the line begins and ends, in seconds. */
  start: number;
  /** The start of the subscription's period. */
  period: number;
  until: number;
  invoice: string;
  status: string;
  customer: string;
  subscription: string | null;
}

/** What our own tables must name: losses, and what is still to be sent. */
interface Named {
  kind: Kind;
  period_start: string;
  customer: string | null;
  state: string;
  loss_reason: string | null;
  currency: string;
  units: number;
}

/** What can become of usage. A run of many histories in which one of them does not occur tests too little. */
export const FATES = ["billed", "trial", "no_payer", "before_metering", "invoice line", "own invoice"];

/** Compares what a tenant must be billed with the invoices at Stripe. Returns what is wrong, each with its numbers. */
export async function judge(tenant: Tenant, world: BillingWorld, graceHours: number): Promise<string[]> {
  await tenant.look();
  const facts: Facts = {
    ...{ plans: PLANS, rates: RATES, periods: tenant.periods(), usage: tenant.uses },
    versions: await tenant.versions(),
  };
  const dues = reckon(facts);
  world.judged++;
  for (const { fate } of dues) world.saw(fate);
  const named = await world.sql<Named[]>`
    select kind, period_start, stripe_customer_id as customer, state, loss_reason, currency, sum(units)::bigint as units
    from private.billing_rows
    where user_id = ${tenant.userId} and (reason = 'usage' or state not in ('accepted', 'trial'))
    group by kind, period_start, stripe_customer_id, state, loss_reason, currency`;
  const customers = [...new Set(tenant.purchases.map(({ customerId }) => customerId))];
  // The draft of a deleted customer stays a draft, and bills nothing.
  const invoices = (await Promise.all(customers.map((id) => world.invoicesOf(id)))).flat()
    .filter(({ status, customer }) => status !== "draft" || !tenant.deleted.has(String(customer)));
  const billed = billedBy(invoices, facts, world.kindsOfPrices());
  if (billed.some(({ quantity }) => quantity > 0n)) world.saw("invoice line");
  if (named.some(({ state }) => state === "invoiced")) world.saw("own invoice");
  if (named.some(({ state }) => state === "credited")) world.saw("credit");
  return [
    ...wrongLosses(dues, named),
    ...(await Promise.all(KINDS.map((kind) => wrongSums(kind, dues, named, billed, tenant, world)))).flat(),
    ...await invoicesAgainstRows(tenant, billed, world),
    ...await changedStatements(tenant, world),
    ...await landedTooLate(tenant, billed, world),
    ...(graceHours === 72 && isCalm(tenant.story) ? inTheirPeriods(dues, billed, world, tenant) : []),
    ...await wrongCharges(tenant, customers, invoices, world),
  ];
}

/** The usage on invoices, with the start of the period that each line bills. */
function billedBy(invoices: Stripe.Invoice[], { periods }: Facts, kinds: Map<string, Kind>): Billed[] {
  return invoices.flatMap((invoice) => {
    const starts = periods.filter(({ subscription }) => subscription === subscriptionOf(invoice))
      .map(({ from }) => Number(from / 1_000_000n));
    // A line of an item that was added later begins then.
    return meteredLines(invoice, kinds).map((line) => ({
      ...{ ...line, customer: String(invoice.customer), subscription: subscriptionOf(invoice) },
      period: starts.findLast((start) => start <= line.start) ?? line.start,
    }));
  });
}

/** What cannot be billed is a loss with its own name, or a trial. */
function wrongLosses(dues: Due[], named: readonly Named[]): string[] {
  const findings: string[] = [];
  for (const due of dues) {
    if (due.fate === "billed" || due.fate === "trial") continue;
    const lost = sum(
      named.filter((row) =>
        row.kind === due.kind && row.loss_reason === due.fate && row.currency === due.currency &&
        isSame(row.period_start, due.from)
      ).map(({ units }) => units),
    );
    if (!isRight(lost, due.exact)) {
      findings.push(`the loss ${due.fate} of ${at(due)} is ${lost}, and must be ${units(due)}`);
    }
  }
  for (const row of named.filter(isLossOfRating)) {
    const isDue = dues.some((due) =>
      due.kind === row.kind && due.fate === row.loss_reason && due.currency === row.currency &&
      isSame(row.period_start, due.from)
    );
    if (!isDue && row.units !== 0) findings.push(`${row.units} units of ${row.kind} are lost as ${row.loss_reason}`);
  }
  return findings;
}

const isLossOfRating = ({ loss_reason }: Named) => loss_reason === "no_payer" || loss_reason === "before_metering";

/** Each unit of a kind is on an invoice, given back, lost by name, or waits. */
async function wrongSums(
  kind: Kind,
  dues: Due[],
  named: readonly Named[],
  billed: Billed[],
  tenant: Tenant,
  world: BillingWorld,
): Promise<string[]> {
  const findings: string[] = [];
  const expected = dues.filter((due) => due.kind === kind && due.fate === "billed");
  const onInvoices = sum(billed.filter((line) => line.kind === kind).map(({ quantity }) => quantity));
  const open = await openUsage(tenant, kind, world);
  const rows = named.filter((row) => row.kind === kind && !isLossOfRating(row));
  const of = (state: string) => sum(rows.filter((row) => row.state === state).map(({ units }) => units));
  const total = onInvoices + open + of("invoiced") + of("credited") + of("lost") + of("pending") + of("sending");
  const due = sum(expected.map((each) => rounded(each.exact)));
  const halves = BigInt(expected.filter(({ exact }) => isHalf(exact)).length);
  if (total > due || total < due - halves) {
    findings.push(
      `${kind}: ${due} units are due (${expected.map(at).join(", ")}), and ${total} are accounted for: ` +
        `${onInvoices} on invoices, ${open} in the open period, ` +
        ["invoiced", "credited", "lost", "pending", "sending"].map((state) => `${of(state)} ${state}`).join(", "),
    );
  }
  if (of("sending") !== 0n) {
    findings.push(`${kind}: ${of("sending")} units were sent, and their outcome is still unknown`);
  }
  const running = tenant.purchases.filter(({ endedAt, isGift }) => endedAt === null && !isGift)
    .map(({ customerId }) => customerId);
  const waiting = sum(
    rows.filter(({ state, units, customer }) => state === "pending" && units > 0 && running.includes(customer ?? ""))
      .map(({ units }) => units),
  );
  if (waiting > 0n) findings.push(`${kind}: ${waiting} units wait to be sent`);
  return findings;
}

/** The quantity of each metered line is what the rows say that were billed with that period, and were not sent again. */
async function invoicesAgainstRows(tenant: Tenant, billed: Billed[], world: BillingWorld): Promise<string[]> {
  const rows = await world.sql<{ subscription: string; kind: Kind; start: string; units: number }[]>`
    select subscription, kind, start, sum(units)::bigint as units
    from (
      select billed_subscription_id, kind, billed_start, units from private.billing_rows
      where user_id = ${tenant.userId} and state = 'accepted'
      union all
      select subscription_id, kind, period_start, -units from private.billing_rows
      where user_id = ${tenant.userId} and reason <> 'usage') r (subscription, kind, start, units)
    group by subscription, kind, start`;
  const findings: string[] = [];
  const lines = Map.groupBy(billed, ({ subscription, kind, period }) => `${subscription} ${kind} ${period}`);
  for (const ofPeriod of lines.values()) {
    const { subscription, kind, period, invoice } = ofPeriod[0]!;
    const quantity = sum(ofPeriod.map((line) => line.quantity));
    const row = rows.find((row) =>
      row.subscription === subscription && row.kind === kind && Date.parse(row.start) === period * 1000
    );
    const units = BigInt(row?.units ?? 0);
    if (quantity !== units) {
      findings.push(`invoice ${invoice} bills ${quantity} units of ${kind}, and the rows of its period are ${units}`);
    }
  }
  return findings;
}

/** What Stripe counts in a billed period is what its invoice bills. More has landed in a period that was final. */
async function landedTooLate(tenant: Tenant, billed: Billed[], world: BillingWorld): Promise<string[]> {
  const findings: string[] = [];
  for (const { customer, subscription, kind, start, until, quantity, invoice } of billed) {
    const counted = sum(
      (await world.meterEventsOf(customer)).filter((event) =>
        event.kind === kind && event.timestamp >= start && event.timestamp < until
      ).map(({ value }) => value),
    );
    // A late rejection may leave only a correction, and Stripe bills a sum below zero as zero. An invoice that is made at
    // once, because a period was restarted or a subscription canceled, lacks what Stripe counts later.
    // `invoicesAgainstRows` demands that the rows move.
    const isFloored = counted < 0n && quantity === 0n && tenant.story.rejected.length > 0;
    const isLast = tenant.purchases.some(({ subscriptionId, endedAt }) =>
      subscriptionId === subscription && endedAt !== null && endedAt <= until
    );
    const isCutShort = isLast && tenant.story.steps.some((step) => step.type === "cancel" && step.how === "now");
    const isRestarted = tenant.purchases.some(({ subscriptionId, restarts }) =>
      subscriptionId === subscription && restarts.includes(until)
    );
    if (counted !== quantity && !isFloored && !isCutShort && !isRestarted) {
      findings.push(`Stripe counts ${counted} units of ${kind} in a period whose invoice ${invoice} bills ${quantity}`);
    }
  }
  // Of a subscription that was ended without an invoice, the events are on none.
  const endsWithout = tenant.story.steps.some((step) =>
    step.type === "cancel" && step.how === "dashboard" || step.type === "is_deleted"
  );
  if (endsWithout) return findings;
  // While nothing is read, usage may be sent to a subscription that has ended. The sums show that it was billed in another way.
  const isRead = isCalm(tenant.story);
  for (const customer of new Set(tenant.purchases.map(({ customerId }) => customerId))) {
    for (const { kind, timestamp, value } of await world.meterEventsOf(customer)) {
      const isBilled = tenant.purchases.some(({ customerId, openSince }) =>
        customerId === customer && timestamp >= openSince
      ) ||
        billed.some((line) =>
          line.customer === customer && line.kind === kind && line.start <= timestamp && timestamp < line.until
        );
      const isAfterEnd = tenant.purchases.every(({ customerId, endedAt }) =>
        customerId !== customer || endedAt !== null && endedAt <= timestamp
      );
      if (!isBilled && (isRead || !isAfterEnd)) {
        findings.push(`${value} units of ${kind} at ${new Date(timestamp * 1000).toISOString()} are on no invoice`);
      }
    }
  }
  return findings;
}

/** Nothing fails in this story, and every price is known long before the books close. */
function isCalm({ troubles, down, webhooks, rejected, steps }: Story): boolean {
  return troubles.length + down.length + webhooks.length + rejected.length === 0 && steps.every((step) => {
    if (step.type !== "use") return step.type === "change_plan";
    const last = (step.pricedAfter ?? Infinity) + Math.max(0, ...step.later.map(({ after }) => after));
    return step.foundAfter === 0 && last <= 20;
  });
}

/** Usage in these last hours may be priced, rated and sent in three looks of the scheduler, the last after 48 hours. */
const LAST_HOURS = 36;

/** In a calm story, each period's usage is on the invoice of this period, and no other. */
function inTheirPeriods(dues: Due[], billed: Billed[], { now }: BillingWorld, { uses }: Tenant): string[] {
  const findings: string[] = [];
  for (const due of dues) {
    if (due.fate !== "billed" || Number(due.until / 1_000_000n) + 80 * 3600 > now) continue;
    const lastFrom = due.until - BigInt(LAST_HOURS * 3600) * 1_000_000n;
    if (uses.some(({ kind, at }) => kind === due.kind && at >= lastFrom && at < due.until)) continue;
    const lines = billed.filter((line) =>
      line.kind === due.kind && line.subscription === due.subscription && BigInt(line.period) * 1_000_000n === due.from
    );
    const quantity = sum(lines.map(({ quantity }) => quantity));
    if (!isRight(quantity, due.exact)) findings.push(`the invoice of ${at(due)} bills ${quantity} units`);
  }
  return findings;
}

async function changedStatements(tenant: Tenant, world: BillingWorld): Promise<string[]> {
  const subscriptions = tenant.purchases.map(({ subscriptionId }) => subscriptionId);
  const wrong = await world.sql<
    { id: string; fault: string }[]
  >`select * from proof.wrong_statements(${tenant.userId})`;
  const changed = await world.sql<{ starts_at: string; before: unknown; after: unknown }[]>`
    select s.starts_at, s.rows as before, proof.rows_of(s.subscription_id, s.starts_at) as after
    from proof.statements s where s.subscription_id = any (${subscriptions})
      and s.rows <> proof.rows_of(s.subscription_id, s.starts_at)`;
  return [
    ...wrong.map(({ id, fault }) => `the statement ${id} ${fault}`),
    ...changed.map(({ starts_at, before, after }) =>
      `the closed statement of ${starts_at} has changed from ${JSON.stringify(before)} to ${JSON.stringify(after)}`
    ),
  ];
}

function meteredLines(
  invoice: Stripe.Invoice,
  kinds: Map<string, Kind>,
): Omit<Billed, "period" | "customer" | "subscription">[] {
  if (invoice.status === "void") return [];
  return invoice.lines.data.flatMap((line) => {
    const kind = kinds.get(priceOf(line) ?? "");
    // A trial that is ended in its first second has no length.
    if (kind === undefined || line.period.start === line.period.end) return [];
    return [{
      ...{ kind, quantity: BigInt(line.quantity ?? 0), start: line.period.start, until: line.period.end },
      ...{ invoice: invoice.id!, status: String(invoice.status) },
    }];
  });
}

function subscriptionOf({ parent }: Stripe.Invoice): string | null {
  const subscription = parent?.subscription_details?.subscription ?? null;
  return typeof subscription === "string" ? subscription : subscription?.id ?? null;
}

function priceOf(line: Stripe.InvoiceLineItem): string | null {
  const price = line.pricing?.price_details?.price;
  return typeof price === "string" ? price : price?.id ?? null;
}

/** A charge as our rows have it: what is billed to a tenant who has left, or given back. */
interface Charged {
  id: string;
  units: number;
  rounding: number | null;
  kind: Kind;
  /** Of the rows of the kind. */
  billed: number;
  owed: number;
}

/** What Stripe has made of a charge, without tax and in cents: what is given back is negative. */
interface Document {
  charge: string;
  kind: string | null;
  amount: bigint;
}

const CENT = 100n;

/**
 * Own invoices and credit notes against the rows that name their charge: an item of each kind, rounded half up to cents; or
 * notes of the sum, rounded in the same way, or of less when a part is owed. The rounding has a name.
 */
async function wrongCharges(
  tenant: Tenant,
  customers: string[],
  invoices: Stripe.Invoice[],
  world: BillingWorld,
): Promise<string[]> {
  const rows = await world.sql<Charged[]>`
    select c.id, c.units, c.rounding, r.kind, coalesce(sum(r.units) filter (where r.state <> 'lost'), 0)::bigint as billed,
      coalesce(sum(r.units) filter (where r.state = 'lost'), 0)::bigint as owed
    from private.final_charges c join private.billing_rows r on r.final_charge_id = c.id
    where c.user_id = ${tenant.userId} and c.done_at is not null group by c.id, r.kind`;
  const documents = (await Promise.all(customers.map((id) => documentsOf(id, invoices, world)))).flat();
  const findings: string[] = [];
  for (const { charge } of documents) {
    if (!rows.some(({ id }) => id === charge)) {
      findings.push(`Stripe has a document of charge ${charge}, which has no rows`);
    }
  }
  for (const [id, kinds] of Map.groupBy(rows, ({ id }) => id)) {
    const own = documents.filter(({ charge }) => charge === id);
    const total = sum(own.map(({ amount }) => amount));
    const rowsTotal = sum(kinds.map(({ billed }) => billed));
    const { units, rounding } = kinds[0]!;
    const isGone = kinds.every(({ billed }) => billed === 0) && own.length === 0;
    if (units > 0 && !isGone) {
      for (const { kind, billed } of kinds) {
        const items = own.filter((document) => document.kind === kind);
        const right = cents(BigInt(billed));
        if (items.length !== (billed === 0 ? 0 : 1) || sum(items.map(({ amount }) => amount)) !== right) {
          findings.push(`the own invoice of ${billed} units of ${kind} has ${items.map(({ amount }) => amount)} cents`);
        }
      }
    } else if (units < 0) {
      const owed = sum(kinds.map(({ owed }) => owed));
      const right = owed === 0n ? -cents(-rowsTotal) : rowsTotal / CENT;
      if (!isGone && (total !== right || owed !== 0n && rowsTotal % CENT !== 0n)) {
        findings.push(`credit notes of charge ${id} give ${total} cents back, and its rows are ${rowsTotal} units`);
      }
    }
    if (BigInt(rounding ?? 0) !== total * CENT - rowsTotal) {
      findings.push(`charge ${id} is rounded by ${total * CENT - rowsTotal} units, and its rounding is ${rounding}`);
    }
  }
  return findings;
}

/** Half up, away from zero. */
const cents = (units: bigint): bigint => units < 0n ? -cents(-units) : (units + CENT / 2n) / CENT;

async function documentsOf(
  customer: string,
  invoices: Stripe.Invoice[],
  { stripe }: BillingWorld,
): Promise<Document[]> {
  const known = invoices.filter((invoice) => invoice.customer === customer && invoice.status !== "void");
  const items = known.flatMap(({ lines }) => lines.data).flatMap(({ metadata, amount }): Document[] => {
    const { switchboard_charge: charge, switchboard_kind: kind = null } = metadata;
    return charge === undefined ? [] : [{ charge, kind, amount: BigInt(amount) }];
  });
  const noted = known.filter((invoice) =>
    invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount > 0
  );
  const notes = await Promise.all(
    noted.map(async ({ id }) =>
      (await stripe.creditNotes.list({ invoice: id!, limit: 100 })).data.flatMap(({ metadata, status, total }) => {
        const charge = metadata?.["switchboard_charge"];
        return charge === undefined || status === "void" ? [] : [{ charge, kind: null, amount: -BigInt(total) }];
      })
    ),
  );
  return [...items, ...notes.flat()];
}

/** What Stripe counts in the period that has not ended. */
async function openUsage(tenant: Tenant, kind: Kind, world: BillingWorld): Promise<bigint> {
  const running = tenant.purchases.filter(({ openSince }) => openSince < Infinity);
  return sum(
    await Promise.all(running.map(async ({ customerId, openSince, meteredSince }) => {
      if (meteredSince[kind] === undefined) return 0n;
      const events = await world.meterEventsOf(customerId);
      return sum(
        events.filter((event) => event.kind === kind && event.timestamp >= openSince).map(({ value }) => value),
      );
    })),
  );
}

const sum = (numbers: readonly (number | bigint)[]): bigint =>
  numbers.reduce<bigint>((total, each) => total + BigInt(each), 0n);
const isSame = (iso: string, at: bigint) => BigInt(Date.parse(iso)) * 1000n === at;
const isHalf = ({ under }: Fraction) => under === 2n;
const isRight = (units: bigint, exact: Fraction) =>
  units === rounded(exact) || (isHalf(exact) && units === rounded(exact) - 1n);
const units = (due: Due) => `${rounded(due.exact)} (${shown(due.exact)})`;
const at = (due: Due) => `${due.kind} from ${isoOf(due.from).slice(0, 16)}: ${units(due)}`;
