import { addDecimals, decimalText, parseDecimal } from "../objects/decimal.ts";
import type { MeterEventRecord, Records } from "../records.ts";
import type { Simulator } from "../simulator.ts";

/** The usage of one customer on one meter. All times are in Unix seconds. */
export interface UsageQuery {
  customer: string;
  meterId: string;
  /** The first second of the usage. */
  from: number;
  /** The second after the last. */
  until: number;
  /** When the usage is looked at: an event counts from when it was processed, until it was canceled. */
  at: number;
}

/**
 * Returns the metered quantity by the formula of the meter, as an exact decimal text such as `12.5`. It is negative if
 * the events add up to less than 0: an invoice then bills 0.
 */
export function meteredQuantity(records: Pick<Records, "meters" | "meterEvents">, query: UsageQuery): string {
  const events = countedEvents(records, query);
  switch (records.meters.get(query.meterId)?.default_aggregation.formula) {
    case "count":
      return String(events.length);
    case "last":
      return decimalText(valueOf(latest(events)));
    case "sum":
    case undefined:
      return decimalText(events.map(valueOf).reduce(addDecimals, ZERO));
  }
}

/** Returns the events that count in a query, in the order in which Stripe processed them. */
export function countedEvents(
  { meterEvents }: Pick<Records, "meterEvents">,
  { customer, meterId, from, until, at }: UsageQuery,
): MeterEventRecord[] {
  return (indexOf(meterEvents).get(`${meterId} ${customer}`) ?? []).filter((record) =>
    // A reset empties the records, and leaves the index.
    meterEvents.get(record.id) === record && record.event.timestamp >= from && record.event.timestamp < until &&
    record.processedAt !== null && record.processedAt <= at &&
    (record.canceledAt === null || record.canceledAt > at)
  );
}

type MeterEvents = Records["meterEvents"];
type Index = Map<string, MeterEventRecord[]>;

/** The counted events by meter and customer, because invoices and summaries look at few of many events. */
const INDEXES = new WeakMap<MeterEvents, Index>();

function indexOf(meterEvents: MeterEvents): Index {
  const known = INDEXES.get(meterEvents);
  if (known !== undefined && meterEvents.size > 0) return known;
  const index: Index = new Map();
  INDEXES.set(meterEvents, index);
  for (const record of meterEvents.values()) if (record.status === "counted") addTo(index, record);
  return index;
}

/** Adds an event to the index. Call it when the event becomes counted. */
export function indexCounted(meterEvents: MeterEvents, record: MeterEventRecord): void {
  const known = INDEXES.get(meterEvents);
  if (known !== undefined) addTo(known, record);
}

function addTo(index: Index, record: MeterEventRecord): void {
  const key = `${record.meter} ${record.customer}`;
  const records = index.get(key) ?? [];
  index.set(key, records);
  records.push(record);
}

const ZERO = { units: 0n, places: 0 };

function valueOf(record: MeterEventRecord | undefined) {
  return parseDecimal(record?.value ?? "0") ?? ZERO;
}

/** Of two events with the same timestamp, the later in order of processing is the last. */
function latest(events: MeterEventRecord[]): MeterEventRecord | undefined {
  return events.reduce<MeterEventRecord | undefined>(
    (last, each) => last === undefined || each.event.timestamp >= last.event.timestamp ? each : last,
    undefined,
  );
}

/** Returns the meters with the quantity of each customer since the first event, for the dashboard and for tests. */
export function meterUsage({ records, clock }: Simulator) {
  return [...records.meters.values()].map((meter) => {
    const own = [...records.meterEvents.values()].filter(({ event }) => event.event_name === meter.event_name);
    const counted = own.filter(({ status, meter: of }) => status === "counted" && of === meter.id);
    const customers = [...new Set(counted.map(({ customer }) => customer!))];
    const query = { meterId: meter.id, from: 0, until: Infinity, at: clock.seconds() };
    return {
      id: meter.id,
      displayName: meter.display_name,
      eventName: meter.event_name,
      status: meter.status,
      pending: own.filter(({ status }) => status === "pending").length,
      rejected: own.filter(({ status, meter: of }) => status === "rejected" && of === meter.id).length,
      customers: customers.map((customer) => ({
        customer,
        quantity: meteredQuantity(records, { ...query, customer }),
      })),
    };
  });
}
