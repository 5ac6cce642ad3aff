import { ReadError } from "./failure.ts";

interface TableResponse<Rows> {
  data: Rows | null;
  error: { code: string; message: string } | null;
  status: number;
}

/** The rows of a Data API response. @throws ReadError that names `subject` */
export function rowsOf<Rows>(subject: string, { data, error, status }: TableResponse<Rows>): Rows {
  if (error === null && data !== null) return data;
  const code = status !== 0 ? error?.code || `http_${status}` : isTimeout(error) ? "timed_out" : "unreachable";
  throw new ReadError({ status, code, subject, ...(error !== null && { cause: error }) });
}

/** supabase-js keeps of a failed fetch only `<name>: <message>`. */
function isTimeout(error: { message: string } | null): boolean {
  return error !== null && error.message.startsWith("TimeoutError");
}
