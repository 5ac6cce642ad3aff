import { Constants } from "../../../supabase/functions/_shared/database.types.ts";
import type { Routine, Table } from "./catalogue.ts";

/** One request of an attacker to `/rest/v1/`. */
export interface Attempt {
  method: string;
  /** The path after `/rest/v1/`. */
  path: string;
  headers?: Record<string, string>;
  body?: unknown;
  /**
   * The required outcome: `denied` is the database's own refusal (42501); `refused` is any refusal, for request forms the API
   * may not know; `own` is a response without data of another tenant, or a refusal.
   */
  outcome: "denied" | "refused" | "own";
  /** Text the denial must contain, when a different denial could come from inside the function. */
  says?: string;
}

/** The owner of the requested rows, and the attacker. */
export interface Aim {
  attackerId: string;
  victimId: string;
}

const read = (path: string, outcome: Attempt["outcome"], headers?: Record<string, string>): Attempt => ({
  method: "GET",
  path,
  outcome,
  ...(headers && { headers }),
});

/** Every way to read rows or columns of a table. `readable` are the columns the caller may see. */
export function readings({ name, columns, linked }: Table, readable: readonly string[], { victimId }: Aim): Attempt[] {
  const hidden = columns.filter((column) => !readable.includes(column));
  const shown = readable[0];
  const whole = hidden.length > 0 ? "denied" : "own";
  const some = shown === undefined ? "denied" : "own";
  const open = readable.length === 0 ? columns.slice(0, 1) : readable;
  const select = `select=${open.join(",")}`;
  return [
    read(name, whole),
    read(`${name}?select=*`, whole),
    read(`${name}?select=*`, whole, { accept: "text/csv" }),
    read(`${name}?select=*&limit=1`, whole, { accept: "application/vnd.pgrst.object+json" }),
    read(`${name}?${select}`, some),
    read(`${name}?${select}&offset=0&limit=1000`, some),
    read(`${name}?${select}`, some, { prefer: "count=exact" }),
    read(`${name}?${select}`, some, { range: "0-999", "range-unit": "items" }),
    { method: "HEAD", path: `${name}?${select}`, outcome: some, headers: { prefer: "count=exact" } },
    read(`${name}?select=count()`, "own"),
    ...(columns.includes("user_id")
      ? [
        read(`${name}?${select}&user_id=eq.${victimId}`, some),
        read(`${name}?${select}&user_id=in.(${victimId})`, some),
        read(`${name}?${select}&or=(user_id.eq.${victimId},user_id.not.is.null)`, some),
        read(`${name}?${select}&user_id=neq.${crypto.randomUUID()}`, some),
      ]
      : []),
    ...columns.flatMap((column) => readingsOfColumn(name, column, open[0]!, readable.includes(column))),
    read(`${name}?select=${open[0]},users(*)`, "own"),
    ...linked.flatMap((other) => [
      read(`${name}?select=${open[0]},${other}(*)`, "own"),
      read(`${name}?select=${open[0]},${other}!inner(user_id)&${other}.user_id=eq.${victimId}`, "own"),
      read(`${name}?select=...${other}(*)`, "own"),
    ]),
  ];
}

function readingsOfColumn(table: string, column: string, shown: string, isReadable: boolean): Attempt[] {
  const outcome = isReadable ? "own" : "denied";
  const common = [
    read(`${table}?select=${column}`, outcome),
    read(`${table}?select=${shown}&${column}=not.is.null`, outcome),
    read(`${table}?select=${shown}&order=${column}.desc`, outcome),
  ];
  // In a column they may see, a tenant can only see too many rows.
  if (isReadable) return common;
  return [
    ...common,
    read(`${table}?select=it:${column}`, outcome),
    read(`${table}?select=${column}::text`, "refused"),
    read(`${table}?select=${column}->>a`, "refused"),
    read(`${table}?select=${column}.max()`, "refused"),
    read(`${table}?select=${shown}&${column}=is.null`, outcome),
    read(`${table}?select=${shown}&or=(${column}.not.is.null,${column}.is.null)`, outcome),
    read(`${table}?select=${shown}&not.and=(${column}.is.null)`, outcome),
    read(`${table}?select=${shown}&${column}->>a=eq.b`, "refused"),
    {
      method: "HEAD",
      path: `${table}?select=${shown}&${column}=not.is.null`,
      outcome,
      headers: { prefer: "count=exact" },
    },
  ];
}

/** Every way to change a table; `row` is one of the victim's. All of it must be denied. */
export function writings(table: Table, stored: Record<string, unknown>, aim: Aim): Attempt[] {
  const { name } = table;
  const columns = table.columns.filter((column) => !table.generated.includes(column));
  const row = Object.fromEntries(columns.map((column) => [column, stored[column]]));
  const owned = columns.includes("user_id");
  const mine = { ...row, ...(owned && { user_id: aim.attackerId }) };
  const theirs = owned ? [`?user_id=eq.${aim.victimId}`, `?user_id=eq.${aim.attackerId}`] : [];
  const everything = `?${columns[0]}=not.is.null`;
  const write = (method: string, query: string, body?: unknown, prefer = "return=minimal"): Attempt => ({
    method,
    path: name + query,
    outcome: "denied",
    headers: { prefer },
    ...(body !== undefined && { body }),
  });
  return [
    write("POST", "", row),
    write("POST", "", mine),
    write("POST", "", [mine, mine]),
    write("POST", "", mine, "return=representation"),
    write("POST", `?columns=${columns[0]}`, mine),
    write("POST", "", mine, "resolution=merge-duplicates"),
    write("POST", "", row, "resolution=ignore-duplicates"),
    { ...write("POST", `?on_conflict=${columns[0]}`, row, "resolution=merge-duplicates"), outcome: "refused" },
    ...columns.map((column) => write("PATCH", theirs.at(-1) ?? everything, { [column]: row[column] ?? null })),
    ...[everything, ...theirs].map((query) => write("PATCH", query, { [columns[0]!]: row[columns[0]!] })),
    ...(owned ? [write("PATCH", theirs[0]!, { user_id: aim.attackerId }, "return=representation")] : []),
    ...[everything, ...theirs].map((query) => write("DELETE", query)),
    write("DELETE", theirs[0] ?? everything, undefined, "return=representation"),
    { ...write("DELETE", ""), outcome: "refused" },
    { ...write("PUT", `?${columns[0]}=eq.${row[columns[0]!]}`, row), outcome: "refused" },
  ];
}

/** Calls a function with arguments that would have an effect if it were open. */
export function callings({ name, arguments: parameters }: Routine, { victimId }: Aim): Attempt[] {
  const body = Object.fromEntries(
    parameters.map(([parameter, type]) => [parameter, plausible(parameter, type, victimId)]),
  );
  const query = new URLSearchParams(
    Object.entries(body).map(([key, value]) => {
      return [key, typeof value === "object" ? JSON.stringify(value) : String(value)];
    }),
  );
  const says = `permission denied for function ${name}`;
  return [
    { method: "POST", path: `rpc/${name}`, body, outcome: "denied", says },
    { method: "POST", path: `rpc/${name}?select=*`, body, headers: { prefer: "count=exact" }, outcome: "denied", says },
    { method: "GET", path: `rpc/${name}?${query}`, outcome: "refused" },
    { method: "POST", path: `rpc/${name}`, body: { ...body, p_user_id: victimId }, outcome: "refused" },
  ];
}

function plausible(name: string, type: string, victimId: string): unknown {
  if (type.endsWith("[]")) return [];
  switch (type) {
    case "uuid":
      return victimId;
    case "boolean":
      return true;
    case "integer":
    case "bigint":
    case "numeric":
      return 1;
    case "timestamp with time zone":
      return new Date().toISOString();
    case "date":
      return new Date().toISOString().slice(0, 10);
    case "interval":
      return "1 day";
    case "jsonb":
    case "json":
      return {};
    case "text":
      return name.includes("status") || name.includes("hold") ? "active" : "x";
    default:
      return labelOf(type) ?? unknownType(name, type);
  }
}

/** The first label of one of our enums; undefined for any other type. */
function labelOf(type: string): string | undefined {
  return Object.entries<readonly string[]>(Constants.public.Enums).find(([name]) => name === type)?.[1][0];
}

function unknownType(name: string, type: string): never {
  throw new Error(`Cannot make up a value for "${name}" of the unexpected type "${type}"`);
}

/** Attempts at tables and functions the Data API does not list: other schemas, and those of Postgres. */
export function trespasses(unlisted: readonly { schema: string; name: string }[]): Attempt[] {
  return [
    ...unlisted.flatMap(({ schema, name }) => [
      read(name, "refused"),
      read(name, "refused", { "accept-profile": schema }),
      read(`${schema}.${name}`, "refused"),
      { method: "POST", path: name, body: {}, headers: { "content-profile": schema }, outcome: "refused" as const },
      { method: "DELETE", path: name, headers: { "content-profile": schema }, outcome: "refused" as const },
    ]),
    ...["pg_authid", "pg_shadow", "pg_catalog.pg_authid", "information_schema.tables", "users", "decrypted_secrets"]
      .map((
        name,
      ) => read(name, "refused")),
    ...["enqueue", "private.enqueue", "send", "pgmq.send", "pg_sleep", "pg_read_file", "set_config", "version"].map((
      name,
    ) => ({
      method: "POST",
      path: `rpc/${name}`,
      body: {},
      outcome: "refused" as const,
    })),
    {
      method: "POST",
      path: "rpc/enqueue",
      body: { p_job: {} },
      headers: { "content-profile": "private" },
      outcome: "refused",
    },
    {
      method: "POST",
      path: "rpc/send",
      body: { queue_name: "jobs", msg: {} },
      headers: { "content-profile": "pgmq" },
      outcome: "refused",
    },
  ];
}
