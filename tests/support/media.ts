import type { ReceivedFile } from "../../local/driver/twilio-side.ts";

/** An image of one pixel, as a handset sends it. */
export const CAT: ReceivedFile = {
  contentType: "image/gif",
  content: "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
};

/** A file of any type, whose bytes are a text. */
export const fileOf = (contentType: string, text: string): ReceivedFile => ({ contentType, content: btoa(text) });
