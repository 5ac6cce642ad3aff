import type postgres from "postgres";
import type { Document } from "./secrets.ts";

/** Every row of every table of the database as JSON: queues and their archives, ledgers, Auth and all. */
export async function dump(sql: postgres.Sql): Promise<Document[]> {
  const tables = await sql<{ schema: string; name: string }[]>`
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'`;
  const documents = await Promise.all(tables.map(async ({ schema, name }) => {
    const rows = await sql<{ row: string }[]>`select to_jsonb(t)::text as row from ${sql(schema)}.${sql(name)} t`;
    return rows.map(({ row }) => ({ place: `${schema}.${name}`, text: row }));
  }));
  return documents.flat();
}
