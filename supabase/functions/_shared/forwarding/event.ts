import * as z from "zod";
import type { LinkDependencies } from "../media/link.ts";
import { withMediaLinks } from "../media/link-messages.ts";
import { messageOf, messageSchema } from "../messages/list.ts";
import type { Row } from "../platform/database.ts";

/** What is posted to a tenant's webhook for a message that they received. */
export const receivedEventSchema = z.strictObject({
  type: z.literal("message.received"),
  timestamp: z.string(),
  data: messageSchema,
});

/**
 * The event of a received message, with links to its media. Once the deletion of the message was requested, the event has
 * neither text nor media, also while the deletion waits for Twilio.
 * @param seconds how long the links are valid
 */
export async function receivedEvent(
  row: Row<"sms_messages">,
  seconds: number,
  links: LinkDependencies,
): Promise<z.output<typeof receivedEventSchema>> {
  const message = messageOf(row);
  const shown = row.redaction_requested_at === null ? message : { ...message, body: null, media: [] };
  const [data] = await withMediaLinks([shown], seconds, links);
  return { type: "message.received", timestamp: shown.createdAt, data: data! };
}
