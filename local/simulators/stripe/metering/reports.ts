import type { Books } from "../billing/books.ts";
import type { DueWork } from "../due.ts";
import { buildThinEvent } from "../objects/event.ts";
import type { Meter } from "../objects/meter.ts";
import type { MeterEventRecord, MeterReportRecord, Records } from "../records.ts";
import type { Simulator } from "../simulator.ts";
import { type Rejection, rejectionMessage } from "./rejections.ts";
import { meteringSettings } from "./settings.ts";

/** Stripe reports the rejected events of each window of ten seconds, two seconds after its end. */
const WINDOW_MS = 10_000;
const DELAY_MS = 2000;

/** Adds a rejected event to the error report of its meter and window. `now` is in Unix milliseconds. */
export function reportRejection(
  records: Records,
  record: MeterEventRecord,
  code: Rejection,
  meter: Meter | undefined,
  now: number,
): void {
  // A forced rejection can have this code for an event of an existing meter.
  const about = code === "no_meter" ? null : meter?.id ?? null;
  const start = now - now % WINDOW_MS;
  const id = `${about} ${start}`;
  const report = records.meterReports.get(id) ?? { id, meter: about, start, end: start + WINDOW_MS, errors: [] };
  records.meterReports.set(id, report);
  report.errors.push({
    code,
    message: rejectionMessage(code, record.event.event_name, record.event.payload, meter),
    request: record.idempotencyKey ?? record.requestId,
  });
}

/** Emits the error reports whose window has ended. */
export const METER_REPORTS: DueWork = {
  nextAt: ({ records: { meterReports } }) =>
    meterReports.size === 0 ? null : Math.min(...[...meterReports.values()].map(({ end }) => end + DELAY_MS)),
  run: (simulator, books) => {
    for (const report of [...simulator.records.meterReports.values()]) {
      if (report.end + DELAY_MS > simulator.now()) continue;
      simulator.records.meterReports.delete(report.id);
      emitReport(simulator, books, report);
    }
  },
};

function emitReport(simulator: Simulator, books: Books, report: MeterReportRecord): void {
  const event = buildThinEvent({
    type: report.meter === null ? "v1.billing.meter.no_meter_found" : "v1.billing.meter.error_report_triggered",
    relatedObject: report.meter === null
      ? null
      : { id: report.meter, type: "billing.meter", url: `/v1/billing/meters/${report.meter}` },
    createdMs: simulator.now(),
  });
  books.emitThin(event, reportData(report, meteringSettings(simulator.records).samples));
}

/** The data of an error report. Its samples are not all events: they name `samples` of each code. */
export function reportData(
  { start, end, errors }: Pick<MeterReportRecord, "start" | "end" | "errors">,
  samples: number,
) {
  const codes = [...new Set(errors.map(({ code }) => code))];
  const count = errors.length;
  return {
    developer_message_summary: `There ${count === 1 ? "is 1 invalid event" : `are ${count} invalid events`}`,
    reason: {
      error_count: count,
      error_types: codes.map((code) => {
        const ofCode = errors.filter((error) => error.code === code);
        return {
          code,
          error_count: ofCode.length,
          // The key of the HTTP request, not the identifier of the event.
          sample_errors: ofCode.slice(0, samples).map(({ message, request }) => ({
            error_message: message,
            request: { identifier: request },
          })),
        };
      }),
    },
    validation_end: new Date(end).toISOString(),
    validation_start: new Date(start).toISOString(),
  };
}
