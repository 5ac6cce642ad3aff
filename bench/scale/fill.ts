import type postgres from "postgres";
import { progress } from "../measure.ts";

const SCRIPT = new URL("./fill.sql", import.meta.url);
/** Each tenant in turn gets jobs of these kinds. */
const JOBS = ["sync-numbers", "converge", "redact-messages", "forward-message"];

export interface Size {
  tenants: number;
  messages: number;
  /** Jobs that wait on the queue. */
  jobs: number;
}

/** Fills an empty database. Indexes of the large tables are dropped and built again, which is faster. */
export async function fill(sql: postgres.Sql, { tenants, messages, jobs }: Size): Promise<void> {
  const title = (text: string) => progress(`${tenants} tenants: ${text}`);
  const script = (await Deno.readTextFile(SCRIPT)).replaceAll(":tenants", String(tenants))
    .replaceAll(":messages", String(messages));
  const connection = await sql.reserve();
  try {
    await connection`set session_replication_role = replica`;
    await connection`set maintenance_work_mem = '512MB'`;
    await connection`set work_mem = '256MB'`;
    const indexes = await connection`
      select format('%I.%I', i.schemaname, i.indexname) as name, i.indexdef as definition from pg_indexes i
      where i.tablename in ('sms_messages', 'message_words', 'billing_rows')
        and not exists (select from pg_constraint c where c.conname = i.indexname)`;
    for (const { name } of indexes) await connection.unsafe(`drop index ${name}`);
    for (const section of script.split(/^-- # /m).slice(1)) {
      title(section.slice(0, section.indexOf("\n")));
      await connection.unsafe(section.slice(section.indexOf("\n")));
    }
    for (const { name, definition } of indexes) {
      title(`index ${name}`);
      await connection.unsafe(definition);
    }
    title(`${jobs} jobs`);
    await connection`set session_replication_role = origin`;
    await connection`
      select count(private.enqueue(jsonb_build_object('kind', (${JOBS}::text[])[n % ${JOBS.length} + 1],
        'userId', bench.tenant(n % ${tenants} + 1), 'messageId', gen_random_uuid())))
      from generate_series(1, ${jobs}) n`;
    title("vacuum and analyze");
    await connection`vacuum analyze`;
  } finally {
    await connection`set session_replication_role = origin`;
    connection.release();
  }
}
