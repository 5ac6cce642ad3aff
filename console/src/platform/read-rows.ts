import { ApiError, unreachable } from "./api-error.ts";

interface TableAnswer<Rows> {
  data: Rows | null;
  error: { code: string; message: string } | null;
  status: number;
}

/** The rows of a Data API answer. @throws ApiError naming what could not be read */
export function rowsOf<Rows>(subject: string, { data, error, status }: TableAnswer<Rows>): Rows {
  if (error === null && data !== null) return data;
  if (status === 0) throw unreachable();
  throw new ApiError({
    status,
    code: error?.code || `http_${status}`,
    message: `Cannot read your ${subject}: ${error?.message ?? "the answer was empty"}`,
  });
}
