import type { Books } from "../billing/books.ts";
import type { DueWork } from "../due.ts";
import { meterOf } from "../objects/meter.ts";
import type { MeterEventRecord } from "../records.ts";
import type { Simulator } from "../simulator.ts";
import { customerKey, ownerProblem, type Rejection, valueKey, valueProblem } from "./rejections.ts";
import { indexCounted } from "./quantity.ts";
import { reportRejection } from "./reports.ts";

/** Counts or rejects the accepted events whose time has come, and completes adjustments. */
export const METER_PROCESSING: DueWork = {
  nextAt: ({ records: { meterQueue } }) => {
    let first: number | null = null;
    for (const { at } of meterQueue.values()) if (first === null || at < first) first = at;
    return first;
  },
  run: (simulator, books) => {
    const { meterQueue, meterEvents, meterAdjustments } = simulator.records;
    for (const { id, at } of [...meterQueue.values()]) {
      if (at > simulator.now()) continue;
      meterQueue.delete(id);
      const event = meterEvents.get(id);
      if (event !== undefined) process(simulator, books, event);
      const adjustment = meterAdjustments.get(id);
      if (adjustment === undefined) continue;
      adjustment.adjustment.status = "complete";
      cancel(meterEvents.get(adjustment.eventId), books.now());
    }
  },
};

function process({ records, now }: Simulator, books: Books, record: MeterEventRecord): void {
  const { event } = record;
  const meter = meterOf(records.meters.values(), event.event_name);
  const code: Rejection | null = record.forcedRejection ??
    ownerProblem(event.payload, meter, records.customers) ?? valueProblem(event.payload, meter);
  record.processedAt = books.now();
  record.meter = meter?.id ?? null;
  record.customer = event.payload[customerKey(meter)] ?? null;
  record.value = event.payload[valueKey(meter)] ?? "0";
  record.rejection = code;
  // An adjustment can have canceled the event before it was processed.
  if (record.status === "pending") {
    record.status = code === null ? "counted" : "rejected";
    if (code === null) indexCounted(records.meterEvents, record);
  }
  if (code !== null) reportRejection(records, record, code, meter, now());
}

/** Canceled usage no longer counts. An event that is still pending will not count. */
function cancel(record: MeterEventRecord | undefined, at: number): void {
  if (record === undefined || record.status === "rejected") return;
  record.canceledAt = at;
  if (record.status === "pending") record.status = "canceled";
}
