import type postgres from "postgres";
import type { StackState } from "../../../local/stack-state.ts";
import type { Alert, DeadLetter } from "../../../client/switchboard.ts";
import { databaseSide } from "../../support/database-side.ts";

type Sql = postgres.Sql;
type Details = Record<string, postgres.JSONValue>;

/** Raises an alert as its cause would. @returns its id */
export async function raiseAlert(
  sql: Sql,
  { kind, subject, userId = null, details = {} }: {
    kind: Alert["kind"];
    subject: string;
    userId?: string | null;
    details?: Details;
  },
): Promise<string> {
  await sql`select private.raise_alert(${kind}::public.alert_kind, ${subject}, ${userId}, ${sql.json(details)})`;
  const [alert] = await sql<{ id: string }[]>`
    select id from public.operator_alerts where kind = ${kind} and subject = ${subject} and settled_at is null`;
  return alert!.id;
}

/** Puts a job among the dead letters, as its last failure would. @returns the id of the dead letter */
export async function bury(
  sql: Sql,
  { lane, job, error }: { lane: DeadLetter["lane"]; job: Details; error: string },
): Promise<number> {
  const letter = { lane, job, error, jobId: 1, movedAt: new Date().toISOString() };
  const [sent] = await sql<{ id: string }[]>`select pgmq.send('jobs_dead', ${sql.json(letter)}) as id`;
  return Number(sent!.id);
}

/** A compared day: a shape as `private.reconciliations` has it, with the classes that are not zero. */
interface ComparedDay {
  accountSid: string;
  day: string;
  userId: string | null;
  ledgerTotal: number;
  classes: Partial<Record<"not_priced_yet" | "carrier_fee" | "missing_here" | "missing_at_twilio" | "rate", number>>;
  isClosed?: boolean;
  isShifted?: boolean;
}

export async function reconciled(sql: Sql, compared: ComparedDay): Promise<void> {
  const { accountSid, day, userId, ledgerTotal, classes, isClosed = true, isShifted = false } = compared;
  const of = (name: keyof typeof classes) => classes[name] ?? 0;
  const total = Object.values(classes).reduce(
    (sum, amount) => sum + Math.round(amount * 1e6),
    Math.round(ledgerTotal * 1e6),
  );
  const kinds = {
    sms_out: {
      usageCount: 120,
      usagePrice: total / 1e6,
      priced: 118,
      ledgerPrice: ledgerTotal,
      open: 0,
      otherCurrency: 0,
      missingHere: 2,
      missingAtTwilio: 0,
    },
  };
  await sql`
    insert into private.reconciliations (account_sid, day, user_id, price_unit, usage_total, ledger_total, not_priced_yet,
      carrier_fee, failed_message_fee, uncategorised, unknown_category, missing_here, missing_at_twilio, rate, currency,
      kinds, other_currencies, is_closed, is_shifted, reconciled_at)
    values (${accountSid}, ${day}, ${userId}, 'USD', ${total / 1e6}, ${ledgerTotal}, ${of("not_priced_yet")},
      ${of("carrier_fee")}, 0, 0, 0, ${of("missing_here")}, ${of("missing_at_twilio")}, ${of("rate")}, 0,
      ${sql.json(kinds)}, '{}', ${isClosed}, ${isShifted}, now())`;
}

/** A SID that no account of a stack has. */
export const sidOf = (digit: string) => `AC${digit.repeat(32)}`;

/** Gives operators something to look at: alerts, dead letters and compared days, about a tenant and about none. */
export async function setOperatorWork(state: StackState, tenantId: string): Promise<void> {
  await using database = databaseSide(state);
  const { sql } = database;
  await raiseAlert(sql, {
    kind: "reconciliation",
    subject: `${sidOf("a")} 2026-11-02`,
    userId: tenantId,
    details: {
      accountSid: sidOf("a"),
      day: "2026-11-02",
      currencyCode: "USD",
      usageTotal: 1.4241,
      missingHere: 0.0158,
    },
  });
  await raiseAlert(sql, {
    kind: "campaign_paused",
    subject: "0198c0de-0000-7000-8000-000000000001",
    userId: tenantId,
    details: { twilioCode: 30034, message: "The number is not registered with a campaign at the carriers" },
  });
  for (let times = 0; times < 3; times += 1) {
    await raiseAlert(sql, { kind: "exchange_rate", subject: "USD eur", details: { unit: "USD", currency: "eur" } });
  }
  await bury(sql, {
    lane: "control",
    job: { kind: "sync-numbers", userId: tenantId },
    error: "Twilio answered 401 to GET /2010-04-01/Accounts: the token of the account was changed in Twilio's console",
  });
  await bury(sql, {
    lane: "forwarding",
    job: { kind: "deliver-alert", alertId: "0198c0de-0000-7000-8000-000000000002" },
    error: "OPERATOR_ALERT_URL answered 503",
  });
  await reconciled(sql, {
    accountSid: sidOf("a"),
    day: "2026-11-02",
    userId: tenantId,
    ledgerTotal: 1.3983,
    classes: { carrier_fee: 0.01, missing_here: 0.0158 },
  });
  await reconciled(sql, {
    accountSid: sidOf("b"),
    day: "2026-11-03",
    userId: null,
    ledgerTotal: 2.5,
    classes: { not_priced_yet: 0.25, rate: -0.0079 },
  });
  await reconciled(sql, {
    accountSid: sidOf("a"),
    day: "2026-11-04",
    userId: tenantId,
    ledgerTotal: 0.79,
    classes: { not_priced_yet: 0.0158 },
    isClosed: false,
  });
}
