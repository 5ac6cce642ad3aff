import postgres from "postgres";
import type { Log } from "../log.ts";

/**
 * Logs each failed query of the Data API in one line. @supabase/lite prints each of them with a stack trace, even a
 * missing privilege. Returns a function that restores `console.error`.
 */
export function logQueryErrors(log: Log): () => void {
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

/** Returns whether lite reports a table that its schema cache does not have. */
function isUnknownRelation(error: unknown): error is Error {
  return error instanceof Error && "relation" in error;
}
