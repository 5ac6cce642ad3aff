import { decision } from "../platform/database.ts";

/** Records evidence about one message: a response, a callback or a look-up. */
export const recordMessageStatus = decision("record_message_status", {
  moved: ["status"],
  unchanged: ["status"],
  mismatch: ["status"],
  not_found: [],
});

/** Evidence about one message, in the shape of the SQL type `message_evidence`. An absent field is unknown. */
export interface Evidence {
  message_id?: string;
  sid?: string;
  /** Our status, or Twilio's. */
  status: string;
  error_code?: number | null;
  error_message?: string | null;
  num_segments?: number | null;
  price?: number | null;
  price_unit?: string | null;
}
