import { completeRows, type Db, decision } from "../platform/database.ts";
import { groupCommit } from "../platform/group-commit.ts";

/** Evidence about one message of a tenant, in the shape of the SQL type `status_report`. */
export interface StatusReport {
  /** Null when only the SID is known. */
  message_id: string | null;
  user_id: string;
  account_sid: string;
  sid: string | null;
  /** Our status, or Twilio's. */
  status: string;
  error_code: number | null;
  error_message: string | null;
}

const recordOne = decision("record_message_status", {
  moved: ["status"],
  unchanged: ["status"],
  mismatch: ["status"],
  not_found: [],
});

/** What came of a report. */
export type RecordedStatus = Awaited<ReturnType<typeof recordOne>>;

const record = groupCommit(recordTogether, { inFlight: 1, most: 50, patienceMs: 1_000 });

/**
 * Records evidence about one message: a response, a callback or a look-up. Reports that arrive together in this isolate
 * share a round trip. Resolves when the report is recorded.
 */
export function recordMessageStatus(db: Db, report: StatusReport): Promise<RecordedStatus> {
  return record({ db, report });
}

async function recordTogether(
  items: readonly { db: Db; report: StatusReport }[],
): Promise<readonly RecordedStatus[]> {
  const { db, report } = items[0]!;
  if (items.length === 1) return [await recordOne(db, argumentsOf(report))];
  const recorded = await completeRows(
    db,
    "record_message_statuses",
    { p_reports: items.map(({ report }) => ({ ...report })) },
    ["status"],
  );
  return recorded.map(({ outcome, status }) =>
    outcome === "not_found" || status === null ? { outcome: "not_found" } : { outcome, status }
  );
}

function argumentsOf(report: StatusReport) {
  return {
    p_message_id: report.message_id,
    p_user_id: report.user_id,
    p_account_sid: report.account_sid,
    p_twilio_message_sid: report.sid,
    p_status: report.status,
    p_error_code: report.error_code,
    p_error_message: report.error_message,
  };
}

/** Evidence about one of several messages, in the shape of the SQL type `message_evidence`. An absent field is unknown. */
export interface Evidence {
  message_id?: string;
  sid?: string;
  /** Our status, or Twilio's. */
  status: string;
  error_code?: number | null;
  error_message?: string | null;
  num_segments?: number | null;
  price?: number | null;
  /** In Twilio's currency code. A price without a unit says nothing. */
  price_unit?: string | null;
  /** When Twilio sent or received it, ISO 8601: the day on which Twilio's usage counts it. */
  sent_at?: string | null;
}
