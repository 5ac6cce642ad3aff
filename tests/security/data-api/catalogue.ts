import type postgres from "postgres";

/** One table of the Data API. */
export interface Table {
  name: string;
  columns: string[];
  /** Columns Postgres fills in itself. No change may name them, with any privileges. */
  generated: string[];
  /** Tables linked by a foreign key, in either direction. */
  linked: string[];
}

/** One function callable with `rpc`. */
export interface Routine {
  name: string;
  /** The argument's name and its SQL type. */
  arguments: [name: string, type: string][];
}

/** The tables and functions inside and outside the Data API, read from the database, so that new ones are tested too. */
export interface Catalogue {
  tables: Table[];
  routines: Routine[];
  /** Tables of every other schema of the project. */
  unlisted: { schema: string; name: string }[];
}

export async function readCatalogue(sql: postgres.Sql): Promise<Catalogue> {
  const tables = await sql<Table[]>`
    select c.relname as name,
      (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and (a.attidentity = 'a' or a.attgenerated <> '')) as generated,
      array(select distinct o.relname::text from pg_constraint k
        join pg_class o on o.oid = case when k.conrelid = c.oid then k.confrelid else k.conrelid end
        where k.contype = 'f' and c.oid in (k.conrelid, k.confrelid)) as linked
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
    order by c.relname`;
  const routines = await sql<{ name: string; names: string[] | null; types: string[] }[]>`
    select p.proname as name, p.proargnames as names,
      array(select format_type(t, null) from unnest(p.proargtypes) t) as types
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    order by p.proname`;
  const unlisted = await sql<{ schema: string; name: string }[]>`
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname in ('private', 'pgmq', 'auth', 'supabase_migrations')
    order by 1, 2`;
  return {
    tables: [...tables],
    unlisted: [...unlisted],
    routines: routines.map(({ name, names, types }) => ({
      name,
      arguments: types.map((type, index) => [names?.[index] ?? "", type]),
    })),
  };
}

/** A fingerprint of every row of every table that callers might write. */
export async function fingerprint(sql: postgres.Sql, { tables, unlisted }: Catalogue): Promise<Map<string, string>> {
  const all = [...tables.map(({ name }) => ({ schema: "public", name })), ...unlisted];
  const prints = await Promise.all(all.map(async ({ schema, name }) => {
    const [row] = await sql<{ print: string }[]>`
      select md5(coalesce(string_agg(to_jsonb(t)::text, ',' order by to_jsonb(t)::text), '')) as print
      from ${sql(schema)}.${sql(name)} t`;
    return [`${schema}.${name}`, row?.print ?? ""] as const;
  }));
  return new Map(prints);
}
