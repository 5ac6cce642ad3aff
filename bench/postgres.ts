import postgres from "postgres";
import {
  bareInsert,
  bareRecord,
  bareUpdate,
  BODY,
  type LedgerMessage,
  lookUp,
  record,
  recordPrices,
  reserve,
} from "./ledger-calls.ts";
import { cpuNanoseconds, interleaved, median, progress, ratio } from "./measure.ts";
import { freshRecipient, type Sender, settleJobs, type Stage } from "./stage.ts";
import type { Row } from "./table.ts";

export interface PostgresOptions {
  rounds: number;
  /** Messages per round. */
  messages: number;
}

/** How many messages are on their way at the same time. */
const IN_FLIGHT = 16;
/** The share of messages whose price is known before they are looked up. */
const PRICED = 0.75;

/** What one message costs Postgres, beside plain writes, and how many updates of the ledger are HOT. */
export async function postgresRows(stage: Stage, options: PostgresOptions): Promise<Row[]> {
  await settleJobs(stage);
  await stage.stack.sql`vacuum analyze`;
  const sql = postgres(stage.stack.state.dbUrl, { max: 1, onnotice: () => {} });
  try {
    const [row] = await sql`select pg_backend_pid() as pid`;
    await sql`set role service_role`;
    const direct = await directRow(stage, sql, row!["pid"], options);
    return [direct, await dataApiRow(stage, options), await hotRow(stage, sql, options)];
  } finally {
    await sql.end();
  }
}

async function directRow(stage: Stage, sql: postgres.Sql, pid: number, options: PostgresOptions): Promise<Row> {
  const perMessage = async (write: (sender: Sender) => Promise<void>) => {
    const before = await cpuNanoseconds([pid]);
    for (let index = 0; index < options.messages; index++) await write(stage.senders[index % stage.senders.length]!);
    return (await cpuNanoseconds([pid]) - before) / options.messages / 1e6;
  };
  const costs = await interleaved("CPU of Postgres, one connection", options.rounds, {
    product: () =>
      perMessage(async (sender) => {
        const message = await reserve(sql, sender);
        for (const status of ["queued", "sent", "delivered"]) await record(sql, message, status);
      }),
    bare: () =>
      perMessage(async (sender) => {
        const message = await bareInsert(sql, sender);
        await bareRecord(sql, message, "queued");
        for (const status of ["sent", "delivered"]) await bareUpdate(sql, message, status);
      }),
  });
  return {
    measure: "CPU of Postgres per message beside an insert and three updates, one connection",
    figures: `${median(costs.product).toFixed(2)} ms : ${median(costs.bare).toFixed(2)} ms`,
    value: ratio(costs.product, costs.bare),
    goal: { atMost: 3 },
  };
}

async function dataApiRow(stage: Stage, { rounds, messages }: PostgresOptions): Promise<Row> {
  const { stack: { sql, state }, senders } = stage;
  const call = async (method: string, path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${state.apiUrl}/rest/v1/${path}`, {
      method,
      headers: { apikey: state.secretKey, "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
  const returning = { prefer: "return=representation" };
  const fields = (sender: Sender) => ({
    user_id: sender.id,
    account_sid: sender.accountSid,
    body: BODY,
    source: "subaccount",
  });
  const perMessage = async (write: (sender: Sender) => Promise<void>) => {
    const backends = async () => {
      const rows = await sql`select pid from pg_stat_activity where backend_type = 'client backend'`;
      return rows.map((row) => row["pid"] as number);
    };
    const pids = await backends();
    const before = await cpuNanoseconds(pids);
    for (let index = 0; index < messages; index++) await write(senders[index % senders.length]!);
    return (await cpuNanoseconds(pids) - before) / messages / 1e6;
  };
  const costs = await interleaved("CPU of Postgres, through the Data API", rounds, {
    product: () =>
      perMessage(async (sender) => {
        const [{ message }] = await call("POST", "rpc/reserve_message", {
          p_user_id: sender.id,
          p_idempotency_key: crypto.randomUUID(),
          p_request_hash: "hash",
          p_to: freshRecipient(),
          p_country: "US",
          p_from: null,
          p_body: BODY,
          p_media_urls: [],
          p_segments: 1,
          p_encoding: "GSM-7",
          p_fallback: false,
          p_master_account_sid: "AC",
          p_address: "203.0.113.7",
          p_user_rate: 100_000_000,
          p_address_rate: 100_000_000,
        });
        const sid = `SM${message.id.replaceAll("-", "")}`;
        for (const status of ["queued", "sent", "delivered"]) {
          await call("POST", "rpc/record_message_status", {
            p_message_id: message.id,
            p_user_id: sender.id,
            p_account_sid: sender.accountSid,
            p_twilio_message_sid: sid,
            p_status: status,
            p_error_code: null,
            p_error_message: null,
          });
        }
      }),
    bare: () =>
      perMessage(async (sender) => {
        const message = {
          ...fields(sender),
          direction: "outbound",
          from_number: sender.number,
          to_number: freshRecipient(),
          status: "reserved",
        };
        const [{ id }] = await call("POST", "bare_messages?select=id", message, returning);
        const sid = `SM${id.replaceAll("-", "")}`;
        await call("PATCH", `bare_messages?id=eq.${id}`, { status: "queued", twilio_message_sid: sid });
        for (const status of ["sent", "delivered"]) await call("PATCH", `bare_messages?id=eq.${id}`, { status });
      }),
  });
  return {
    measure: "CPU of Postgres per message beside an insert and three updates, through the Data API",
    figures: `${median(costs.product).toFixed(1)} ms : ${median(costs.bare).toFixed(1)} ms`,
    value: ratio(costs.product, costs.bare),
  };
}

/**
 * The share of HOT updates among those that can be: the counters of the table are read before and after status
 * callbacks, prices and look-ups. The response of Twilio stores the SID, which has an index, so it is recorded outside of
 * the counted part. Messages come in groups, as requests do that are in flight together, so that a page holds rows at
 * different steps.
 */
async function hotRow(stage: Stage, sql: postgres.Sql, { rounds, messages }: PostgresOptions): Promise<Row> {
  const total = rounds * messages;
  const counts = {
    callbacks: { updates: 0, hot: 0 },
    "look-ups": { updates: 0, hot: 0 },
    prices: { updates: 0, hot: 0 },
  };
  const counted = async (by: keyof typeof counts, work: () => Promise<unknown>) => {
    const before = await updateCounters(sql);
    await work();
    const after = await updateCounters(sql);
    counts[by].updates += after.updates - before.updates;
    counts[by].hot += after.hot - before.hot;
  };
  progress(`HOT updates: ${total} messages`);
  const sent: LedgerMessage[] = [];
  while (sent.length < total) {
    const group: LedgerMessage[] = [];
    for (let index = 0; index < IN_FLIGHT; index++) {
      group.push(await reserve(sql, stage.senders[index % stage.senders.length]!));
    }
    for (const message of group) await record(sql, message, "queued");
    await counted("callbacks", async () => {
      for (const status of ["sent", "delivered"]) for (const message of group) await record(sql, message, status);
    });
    sent.push(...group);
  }
  const priced = Math.floor(sent.length * PRICED / IN_FLIGHT) * IN_FLIGHT;
  // Reports come by account, and neighbours in the table belong to several accounts.
  for (const { id } of stage.senders) {
    const messages = sent.slice(0, priced).filter(({ sender }) => sender.id === id);
    for (let index = 0; index < messages.length; index += IN_FLIGHT) {
      await counted("prices", () => recordPrices(sql, messages.slice(index, index + IN_FLIGHT)));
    }
  }
  // The others are looked up, which would be due in two minutes.
  await stage.stack.sql`update private.awaited_reports set due_at = now()`;
  await counted("look-ups", async () => {
    const found = await lookUp(sql, total);
    if (found < sent.length - priced) throw new Error(`Looked up ${found} of ${sent.length - priced} messages`);
  });
  const sum = (of: "updates" | "hot") => Object.values(counts).reduce((total, count) => total + count[of], 0);
  return {
    measure: "HOT updates of the ledger, of those by callbacks, look-ups and prices",
    figures: Object.entries(counts).map(([by, { updates, hot }]) => `${by} ${hot} of ${updates}`).join(", "),
    value: 100 * sum("hot") / sum("updates"),
    unit: "%",
    goal: { atLeast: 90 },
  };
}

/** Updates of the ledger so far. Flushes this session's counters first. */
async function updateCounters(sql: postgres.Sql): Promise<{ updates: number; hot: number }> {
  await sql`select pg_stat_force_next_flush()`;
  const [row] = await sql`
    select n_tup_upd::int as updates, n_tup_hot_upd::int as hot from pg_stat_user_tables
    where relid = 'public.sms_messages'::regclass`;
  return { updates: row!["updates"], hot: row!["hot"] };
}
