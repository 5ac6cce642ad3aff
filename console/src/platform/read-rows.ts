import { ReadError } from "./failure.ts";

interface TableAnswer<Rows> {
  data: Rows | null;
  error: { code: string; message: string } | null;
  status: number;
}

/** The rows of a Data API answer. @throws ReadError naming what could not be read */
export function rowsOf<Rows>(subject: string, { data, error, status }: TableAnswer<Rows>): Rows {
  if (error === null && data !== null) return data;
  if (status === 0) {
    throw new ReadError({ status, code: "unreachable", message: "Cannot reach the server: check your connection" });
  }
  throw new ReadError({
    status,
    code: error?.code || `http_${status}`,
    message: `Cannot read your ${subject}: ${error?.message ?? "the answer was empty"}`,
  });
}
