import type { SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../database.types.ts";
import { Refusal } from "./errors.ts";

export type Db = SupabaseClient<Database>;

type Functions = Database["public"]["Functions"];
export type FunctionName = keyof Functions & string;
/** The generator cannot see which arguments may be null: ours all take it, and say in SQL what it means. */
type ArgumentsOf<Name extends FunctionName> = {
  [Key in keyof Functions[Name]["Args"]]: Functions[Name]["Args"][Key] | null;
};
/**
 * A decision answers with one row, or with one scalar. The generator takes every column for present; which ones are null
 * depends on the outcome, so read `outcome` first.
 */
type AnswerOf<Name extends FunctionName> = Functions[Name]["Returns"] extends (infer Row)[] ? Row
  : Functions[Name]["Returns"];

const TIMEOUT_MS = 10_000;

/**
 * Calls a SQL function that decides, in one round trip, and returns its single row or scalar.
 * @throws Refusal `database_unavailable` when there is no answer within ten seconds or no row
 */
export async function decide<Name extends FunctionName>(
  db: Db,
  name: Name,
  args: ArgumentsOf<Name>,
): Promise<AnswerOf<Name>> {
  const data = await call(db, name, args);
  const answer = Array.isArray(data) ? data[0] : data;
  if (answer === undefined || answer === null) throw unavailable(name, "no row");
  return answer as AnswerOf<Name>;
}

/** Calls a SQL function that returns any number of rows. */
export async function rows<Name extends FunctionName>(
  db: Db,
  name: Name,
  args: ArgumentsOf<Name>,
): Promise<AnswerOf<Name>[]> {
  return (await call(db, name, args)) as AnswerOf<Name>[];
}

async function call<Name extends FunctionName>(db: Db, name: Name, args: ArgumentsOf<Name>): Promise<unknown> {
  const { data, error } = await db.rpc(name, args as never).abortSignal(AbortSignal.timeout(TIMEOUT_MS));
  if (error !== null) throw unavailable(name, `${error.code} ${error.message}`);
  return data;
}

/** The refusal for a query that failed: the caller learns that, the log learns which and why. */
export function unavailable(what: string, why: string): Refusal {
  return new Refusal("database_unavailable", "Cannot reach the database just now: try again", {
    cause: new Error(`${what}: ${why}`),
    headers: { "retry-after": "2" },
  });
}
