import type { SupabaseClient } from "@supabase/supabase-js";
import type { Database, Json } from "../database.types.ts";
import { ApiError } from "./errors.ts";

export type Db = SupabaseClient<Database>;

/** The values of an enum of the database, as a union. */
export type Enum<Name extends keyof Database["public"]["Enums"]> = Database["public"]["Enums"][Name];

/** A row of a table. */
export type Row<Name extends keyof Database["public"]["Tables"]> = Database["public"]["Tables"][Name]["Row"];

type Functions = Database["public"]["Functions"];
export type FunctionName = keyof Functions & string;
/** The generator does not know which arguments may be null. All of ours may; each SQL function says what null means. */
type ArgumentsOf<Name extends FunctionName> = {
  [Key in keyof Functions[Name]["Args"]]: Functions[Name]["Args"][Key] | null;
};
/** One row of a function's result, or its scalar. The generator treats every column of `returns table` as not null. */
type AnswerOf<Name extends FunctionName> = Functions[Name]["Returns"] extends (infer Row)[] ? Row
  : Functions[Name]["Returns"];

const TIMEOUT_MS = 10_000;

/**
 * Calls a SQL function that decides, in one round trip, and returns its single row or scalar.
 * @throws ApiError `database_unavailable` without a response within ten seconds or without a row
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

/** A SQL function that returns a row with an `outcome`. */
type DecisionName = {
  [Name in FunctionName]: Functions[Name]["Returns"] extends { outcome: string }[] ? Name : never;
}[FunctionName];

type RowOf<Name extends DecisionName> = AnswerOf<Name> & { outcome: string };
type OutcomeOf<Name extends DecisionName> = RowOf<Name>["outcome"];
type ColumnOf<Name extends DecisionName> = Exclude<keyof RowOf<Name> & string, "outcome">;

/** For each outcome, the columns that are present with it. The name of one that may still be null ends in `?`. */
type ColumnsByOutcome<Name extends DecisionName> = {
  readonly [Outcome in OutcomeOf<Name>]: readonly (ColumnOf<Name> | `${ColumnOf<Name>}?`)[];
};

type Present<Name extends DecisionName, Column> = {
  [Key in Column as Key extends `${infer Base}?` ? Base : Key & string]: Key extends `${infer Base}?`
    ? RowOf<Name>[Base & keyof RowOf<Name>] | null
    : RowOf<Name>[Key & keyof RowOf<Name>];
};

type Decided<Name extends DecisionName, Columns extends ColumnsByOutcome<Name>> = {
  [Outcome in OutcomeOf<Name>]: { outcome: Outcome } & Present<Name, Columns[Outcome][number]>;
}[OutcomeOf<Name>];

/** Rejects a key that is not an outcome of the enum. */
type NoOthers<Name extends DecisionName, Columns> = { [Key in Exclude<keyof Columns, OutcomeOf<Name>>]: never };

/**
 * Declares a SQL function that decides, with the columns that each outcome returns. The result calls the function in one
 * round trip and returns a union: the compiler checks a `switch` over `outcome`, and each case has exactly its columns.
 *
 * @throws ApiError `database_unavailable` without a response within ten seconds or without a row
 * @throws Error when the database returns an undeclared outcome, or an outcome without a declared column
 * @example
 * const requestSweep = decision("request_sweep", { accepted: ["sweep_id"], busy: [] });
 * const decided = await requestSweep(db, { p_request_id: requestId });
 */
export function decision<Name extends DecisionName, const Columns extends ColumnsByOutcome<Name>>(
  name: Name,
  columns: Columns & NoOthers<Name, Columns>,
): (db: Db, args: ArgumentsOf<Name>) => Promise<Decided<Name, Columns>> {
  return async (db, args) => {
    const answer = await decide(db, name, args) as Record<string, unknown> & { outcome: string };
    const declared = (columns as Record<string, readonly string[]>)[answer.outcome];
    if (declared === undefined) throw new Error(`Unexpected ${name} outcome "${answer.outcome}"`);
    const missing = declared.find((column) => !column.endsWith("?") && (answer[column] ?? null) === null);
    if (missing !== undefined) throw new Error(`${name} answered "${answer.outcome}" without ${missing}`);
    return answer as Decided<Name, Columns>;
  };
}

/** A row of a table that a function returns as JSON (`to_jsonb`). Its values are those of the Data API. */
export function rowFrom<Table extends keyof Database["public"]["Tables"]>(
  _table: Table,
  json: Json,
): Database["public"]["Tables"][Table]["Row"] {
  return json as Database["public"]["Tables"][Table]["Row"];
}

/** Rows of a composite type that a function returns as JSON (`to_jsonb`). The generator treats every attribute as nullable. */
export function compositesFrom<Type extends keyof Database["public"]["CompositeTypes"]>(
  _type: Type,
  json: Json,
): Database["public"]["CompositeTypes"][Type][] {
  return json as Database["public"]["CompositeTypes"][Type][];
}

/**
 * As `compositesFrom`, with the attributes that are never null typed so.
 * @param _nullable the attributes that may be null
 */
export function completeCompositesFrom<
  Type extends keyof Database["public"]["CompositeTypes"],
  Nullable extends keyof Database["public"]["CompositeTypes"][Type],
>(
  _type: Type,
  json: Json,
  _nullable: readonly Nullable[],
): Complete<Database["public"]["CompositeTypes"][Type], Nullable>[] {
  return json as Complete<Database["public"]["CompositeTypes"][Type], Nullable>[];
}

/** Calls a SQL function that returns any number of rows. */
export async function rows<Name extends FunctionName>(
  db: Db,
  name: Name,
  args: ArgumentsOf<Name>,
): Promise<AnswerOf<Name>[]> {
  return (await call(db, name, args)) as AnswerOf<Name>[];
}

/** A row of a composite type. The generator treats every attribute as nullable; only those named here are. */
type Complete<Row, Nullable> = { [Key in keyof Row]: Key extends Nullable ? Row[Key] : NonNullable<Row[Key]> };

/**
 * As `rows`, for a function that returns a composite type.
 * @param _nullable the attributes that may be null
 */
export async function completeRows<Name extends FunctionName, Nullable extends keyof AnswerOf<Name> = never>(
  db: Db,
  name: Name,
  args: ArgumentsOf<Name>,
  _nullable: readonly Nullable[] = [],
): Promise<Complete<AnswerOf<Name>, Nullable>[]> {
  return (await call(db, name, args)) as Complete<AnswerOf<Name>, Nullable>[];
}

async function call<Name extends FunctionName>(db: Db, name: Name, args: ArgumentsOf<Name>): Promise<unknown> {
  const { data, error } = await db.rpc(name, args as never).abortSignal(AbortSignal.timeout(TIMEOUT_MS));
  if (error !== null) throw unavailable(name, `${error.code} ${error.message}`);
  return data;
}

/** The error for a failed query. The caller learns only that it failed; the log names the query and the reason. */
export function unavailable(what: string, why: string): ApiError {
  return new ApiError("database_unavailable", "Cannot reach the database just now: try again", {
    cause: new Error(`${what}: ${why}`),
    headers: { "retry-after": "2" },
  });
}
