import type { Database } from "../../../supabase/functions/_shared/database.types.ts";

/** The columns that the console reads. */
export const COLUMNS =
  "id, direction, from_number, to_number, body, media_urls, status, source, error_code, error_message, num_segments, created_at";

/** A row of the ledger, reduced to `COLUMNS`. */
export type Message = Pick<
  Database["public"]["Tables"]["sms_messages"]["Row"],
  | "id"
  | "direction"
  | "from_number"
  | "to_number"
  | "body"
  | "media_urls"
  | "status"
  | "source"
  | "error_code"
  | "error_message"
  | "num_segments"
  | "created_at"
>;
