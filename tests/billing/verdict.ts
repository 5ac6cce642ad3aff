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
}

/** What our own tables must name: losses, and what is still to be sent. */
interface Named {
  kind: Kind;
  period_start: string;
  state: string;
  loss_reason: string | null;
  currency: string;
  units: number;
}

/** Compares what a tenant must be billed with the invoices at Stripe. Returns what is wrong, each with its numbers. */
export async function judge(tenant: Tenant, world: BillingWorld, graceHours: number): Promise<string[]> {
  await tenant.look();
  const facts: Facts = {
    ...{ plans: PLANS, rates: RATES, periods: tenant.periods(), usage: tenant.uses },
    versions: await tenant.versions(),
  };
  const dues = reckon(facts);
  const named = await world.sql<Named[]>`
    select kind, period_start, state, loss_reason, currency, sum(units)::bigint as units from private.billing_rows
    where user_id = ${tenant.userId} and (reason = 'usage' or state not in ('accepted', 'trial'))
    group by kind, period_start, state, loss_reason, currency`;
  const findings: string[] = [];
  const find = (text: string) => findings.push(text);

  // What cannot be billed is a loss with its own name, or a trial.
  for (const due of dues) {
    if (due.fate === "billed" || due.fate === "trial") continue;
    const lost = sum(
      named.filter((row) =>
        row.kind === due.kind && row.loss_reason === due.fate && row.currency === due.currency &&
        isSame(row.period_start, due.from)
      ).map(({ units }) => units),
    );
    if (!isRight(lost, due.exact)) find(`the loss ${due.fate} of ${at(due)} is ${lost}, and must be ${units(due)}`);
  }
  for (
    const row of named.filter(({ loss_reason }) => loss_reason === "no_payer" || loss_reason === "before_metering")
  ) {
    const isDue = dues.some((due) =>
      due.kind === row.kind && due.fate === row.loss_reason && due.currency === row.currency &&
      isSame(row.period_start, due.from)
    );
    if (!isDue && row.units !== 0) find(`${row.units} units of ${row.kind} are lost as ${row.loss_reason}`);
  }

  const invoices = tenant.customerId === null ? [] : await world.invoicesOf(tenant.customerId);
  const kinds = world.kindsOfPrices();
  const starts = facts.periods.map(({ from }) => Number(from / 1_000_000n));
  const billed = invoices.flatMap((invoice) => meteredLines(invoice, kinds)).map((line) => ({
    ...line,
    // A line of an item that was added later begins then.
    period: starts.findLast((start) => start <= line.start) ?? line.start,
  }));
  const own = ownAmounts(invoices, kinds);
  for (const kind of KINDS) {
    const expected = dues.filter((due) => due.kind === kind && due.fate === "billed");
    const onInvoices = sum(billed.filter((line) => line.kind === kind).map(({ quantity }) => quantity));
    const open = tenant.customerId === null ? 0n : await openUsage(tenant, kind, world);
    const of = (state: string) =>
      sum(
        named.filter((row) =>
          row.kind === kind && row.state === state && row.loss_reason !== "no_payer" &&
          row.loss_reason !== "before_metering"
        ).map(({ units }) => units),
      );
    const total = onInvoices + open + of("invoiced") + of("credited") + of("lost") + of("pending") + of("sending");
    const due = sum(expected.map((each) => rounded(each.exact)));
    const halves = BigInt(expected.filter(({ exact }) => isHalf(exact)).length);
    if (total > due || total < due - halves) {
      find(
        `${kind}: ${due} units are due (${expected.map(at).join(", ")}), and ${total} are accounted for: ` +
          `${onInvoices} on invoices, ${open} in the open period, ` +
          ["invoiced", "credited", "lost", "pending", "sending"].map((state) => `${of(state)} ${state}`).join(", "),
      );
    }
    if (of("sending") !== 0n) find(`${kind}: ${of("sending")} units were sent, and their outcome is still unknown`);
    const positive = named.filter((row) => row.kind === kind && row.state === "pending" && row.units > 0);
    if (tenant.endedAt === null && positive.length > 0) {
      find(`${kind}: ${sum(positive.map(({ units }) => units))} units wait to be sent`);
    }
  }
  findings.push(...await invoicesAgainstRows(tenant, billed, world));
  findings.push(...await changedStatements(tenant, world));
  findings.push(...await landedTooLate(tenant, billed, world));
  if (graceHours === 72 && isCalm(tenant.story)) findings.push(...inTheirPeriods(dues, billed, world.now));
  if (own.length > 0 || sum(named.filter(({ state }) => state === "invoiced").map(({ units }) => units)) !== 0n) {
    findings.push(...ownInvoices(own, named));
  }
  return findings;
}

/** The quantity of each metered line is what the rows say that were billed with that period. */
async function invoicesAgainstRows(tenant: Tenant, billed: Billed[], world: BillingWorld): Promise<string[]> {
  if (tenant.subscriptionId === null) return [];
  const rows = await world.sql<{ kind: Kind; start: string; units: number }[]>`
    select kind, billed_start as start, sum(units)::bigint as units from private.billing_rows
    where subscription_id = ${tenant.subscriptionId} and state = 'accepted' and reason = 'usage'
    group by kind, billed_start`;
  const findings: string[] = [];
  for (const { kind, period, quantity, invoice } of billed) {
    const row = rows.find((row) => row.kind === kind && Date.parse(row.start) === period * 1000);
    const units = BigInt(row?.units ?? 0);
    if (quantity !== units && tenant.story.rejected.length === 0) {
      findings.push(`invoice ${invoice} bills ${quantity} units of ${kind}, and the rows of its period are ${units}`);
    }
  }
  return findings;
}

/** What Stripe counts in a billed period is what its invoice bills. More has landed in a period that was final. */
async function landedTooLate(tenant: Tenant, billed: Billed[], world: BillingWorld): Promise<string[]> {
  if (tenant.customerId === null) return [];
  const events = await world.meterEventsOf(tenant.customerId);
  const findings: string[] = [];
  for (const { kind, start, until, quantity, invoice } of billed) {
    const counted = sum(
      events.filter((event) => event.kind === kind && event.timestamp >= start && event.timestamp < until).map((
        { value },
      ) => value),
    );
    if (counted !== quantity) {
      findings.push(`Stripe counts ${counted} units of ${kind} in a period whose invoice ${invoice} bills ${quantity}`);
    }
  }
  for (const { kind, timestamp, value } of events) {
    const isBilled = timestamp >= tenant.openSince ||
      billed.some((line) => line.kind === kind && line.start <= timestamp && timestamp < line.until);
    // Of a subscription that was ended without an invoice, the events are on none.
    if (!isBilled && !tenant.story.steps.some((step) => step.type === "cancel" && step.how === "dashboard")) {
      findings.push(`${value} units of ${kind} at ${new Date(timestamp * 1000).toISOString()} are on no invoice`);
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

/** In a calm story, each period's usage is on the invoice of this period, and no other. */
function inTheirPeriods(dues: Due[], billed: Billed[], now: number): string[] {
  const findings: string[] = [];
  for (const due of dues) {
    if (due.fate !== "billed" || Number(due.until / 1_000_000n) + 80 * 3600 > now) continue;
    const lines = billed.filter((line) => line.kind === due.kind && BigInt(line.period) * 1_000_000n === due.from);
    const quantity = sum(lines.map(({ quantity }) => quantity));
    if (!isRight(quantity, due.exact)) findings.push(`the invoice of ${at(due)} bills ${quantity} units`);
  }
  return findings;
}

async function changedStatements(tenant: Tenant, world: BillingWorld): Promise<string[]> {
  if (tenant.subscriptionId === null) return [];
  const wrong = await world.sql<
    { id: string; fault: string }[]
  >`select * from proof.wrong_statements(${tenant.userId})`;
  const changed = await world.sql<{ starts_at: string; before: unknown; after: unknown }[]>`
    select s.starts_at, s.rows as before, proof.rows_of(s.subscription_id, s.starts_at) as after
    from proof.statements s where s.subscription_id = ${tenant.subscriptionId}
      and s.rows <> proof.rows_of(s.subscription_id, s.starts_at)`;
  return [
    ...wrong.map(({ id, fault }) => `the statement ${id} ${fault}`),
    ...changed.map(({ starts_at, before, after }) =>
      `the closed statement of ${starts_at} has changed from ${JSON.stringify(before)} to ${JSON.stringify(after)}`
    ),
  ];
}

function meteredLines(invoice: Stripe.Invoice, kinds: Map<string, Kind>): Omit<Billed, "period">[] {
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

function priceOf(line: Stripe.InvoiceLineItem): string | null {
  const price = line.pricing?.price_details?.price;
  return typeof price === "string" ? price : price?.id ?? null;
}

/** The lines that are neither of a plan nor metered: what our own invoices bill, in the smallest unit of the currency. */
function ownAmounts(invoices: Stripe.Invoice[], kinds: Map<string, Kind>): { amount: number; text: string }[] {
  return invoices.filter(({ status, parent }) => status !== "void" && !parent?.subscription_details)
    .flatMap(({ lines }) => lines.data)
    .filter((line) => !kinds.has(priceOf(line) ?? ""))
    .map(({ amount, description }) => ({ amount, text: description ?? "" }));
}

/** Own invoices are in cents: each of their lines may be half a cent off. */
function ownInvoices(own: { amount: number; text: string }[], named: Named[]): string[] {
  const units = sum(named.filter(({ state }) => state === "invoiced").map(({ units }) => units));
  const cents = sum(own.map(({ amount }) => amount));
  const off = units - cents * 100n;
  const most = BigInt(Math.max(1, own.length)) * 50n;
  return off > most || off < -most ? [`own invoices bill ${cents} cents, and their rows are ${units} units`] : [];
}

/** What Stripe counts in the period that has not ended. */
async function openUsage(tenant: Tenant, kind: Kind, world: BillingWorld): Promise<bigint> {
  const events = await world.meterEventsOf(tenant.customerId!);
  return sum(
    events.filter((event) => event.kind === kind && event.timestamp >= tenant.openSince)
      .map(({ value }) => value),
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
