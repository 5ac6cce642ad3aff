import { ReadError } from "./failure.ts";

interface TableResponse<Rows> {
  data: Rows | null;
  error: { code: string; message: string } | null;
  status: number;
}

/** The rows of a Data API response. @throws ReadError that names `subject` */
export function rowsOf<Rows>(subject: string, { data, error, status }: TableResponse<Rows>): Rows {
  if (error === null && data !== null) return data;
  if (status === 0) {
    throw new ReadError({ status, code: "unreachable", message: "Cannot reach the server: check your connection" });
  }
  throw new ReadError({
    status,
    code: error?.code || `http_${status}`,
    message: `Cannot read your ${subject}: ${error?.message ?? "the response was empty"}`,
  });
}
