import postgres from "postgres";
import type { Log } from "../log.ts";

/**
 * Makes one line of each failed query of the Data API, which @supabase/lite prints on its own with a whole stack, also where
 * the client simply asked for what it may not have. Returns how to undo it.
 */
export function tellQueryErrorsTo(log: Log): () => void {
  const print = console.error;
  const filtered = (...values: unknown[]) => {
    const [error] = values;
    if (values.length === 1 && error instanceof postgres.PostgresError) log(`data API: ${error.code} ${error.message}`);
    else if (values.length === 1 && isUnknownRelation(error)) log(`data API: ${error.message}`);
    else print(...values);
  };
  console.error = filtered;
  return () => {
    if (console.error === filtered) console.error = print;
  };
}

/** The error of lite for a table that its copy of the schema does not have. */
function isUnknownRelation(error: unknown): error is Error {
  return error instanceof Error && "relation" in error;
}
