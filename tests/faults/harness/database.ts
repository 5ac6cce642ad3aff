import postgres from "postgres";
import type { Db } from "../../../supabase/functions/_shared/platform/database.ts";
import { databasePoint } from "./points.ts";
import type { FunctionsProcess } from "./process.ts";

/** The signatures of the functions in `public`, by name. */
export type Signatures = ReadonlyMap<string, { returnsRows: boolean; jsonArguments: ReadonlySet<string> }>;

interface Answer {
  data: unknown;
  error: { code: string; message: string; details?: string } | null;
}

/** Connects as the Data API does for the secret key. Values have the types of its JSON. */
export function connect(url: string, role: "service_role" | "postgres", connections: number): postgres.Sql {
  return postgres(url, {
    max: connections,
    onnotice: () => {},
    connection: { role },
    types: {
      number: { to: 20, from: [20], serialize: String, parse: Number },
      date: { to: 1082, from: [1082], serialize: String, parse: String },
      time: { to: 1184, from: [1184], serialize: String, parse: (text: string) => new Date(text).toISOString() },
    },
  }) as unknown as postgres.Sql;
}

export async function readSignatures(sql: postgres.Sql): Promise<Signatures> {
  const functions = await sql<{ name: string; returns_rows: boolean; json_arguments: string[] }[]>`
    select p.proname as name, p.proretset as returns_rows,
      array(select p.proargnames[n + 1] from generate_subscripts(p.proargtypes::oid[], 1) n
        where p.proargtypes[n] = 'jsonb'::regtype)::text[] as json_arguments
    from pg_proc p where p.pronamespace = 'public'::regnamespace`;
  return new Map(functions.map(({ name, returns_rows, json_arguments }) => {
    return [name, { returnsRows: returns_rows, jsonArguments: new Set(json_arguments) }];
  }));
}

/**
 * The part of a supabase-js client that decisions use, connected directly to Postgres: over HTTP each call would cost ten times
 * as much, and these tests make very many calls.
 */
export function databaseOf(sql: postgres.Sql, signatures: Signatures, process: FunctionsProcess): Db {
  const rpc = (name: string, args: Record<string, unknown>) => ({
    abortSignal: () =>
      process.call<Answer>({
        point: databasePoint(name),
        send: () => {
          if (name === "claim_jobs" && process.claimsNoMore) return Promise.resolve({ data: [], error: null });
          return ask(sql, signatures, name, args);
        },
        unanswered: () => failure("AbortError: The signal has been aborted"),
        answered: (status, body) => failure(body === "html" ? `<html><h1>${status}</h1></html>` : `${status}`),
      }),
  });
  return { rpc } as unknown as Db;
}

async function ask(
  sql: postgres.Sql,
  signatures: Signatures,
  name: string,
  args: Record<string, unknown>,
): Promise<Answer> {
  const signature = signatures.get(name);
  if (signature === undefined) throw new Error(`Cannot call "${name}": the function does not exist`);
  const names = Object.keys(args).filter((key) => args[key] !== undefined);
  const values = names.map((key) => signature.jsonArguments.has(key) ? sql.json(args[key] as never) : args[key]);
  const text = `select * from public.${name}(${names.map((key, index) => `${key} => $${index + 1}`).join(", ")})`;
  try {
    const rows = await sql.unsafe(text, values as never[], { prepare: true });
    return { data: signature.returnsRows ? [...rows] : rows[0]?.[name], error: null };
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    const { code, message, detail = "" } = error;
    return { data: null, error: { code, message, details: detail } };
  }
}

function failure(message: string): Answer {
  return { data: null, error: { code: "", message } };
}
