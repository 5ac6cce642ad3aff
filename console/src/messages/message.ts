import type { Database } from "../../../supabase/functions/_shared/database.types.ts";

/** What is read of the ledger. */
export const COLUMNS =
  "id, direction, from_number, to_number, body, media_urls, status, source, error_code, error_message, num_segments, created_at";

/** A row of the ledger as the console reads it. */
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
