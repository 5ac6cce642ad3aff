import * as z from "zod";
import { Constants } from "../database.types.ts";
import type { LinkDependencies } from "../media/link.ts";
import { withMediaLinks } from "../media/link-messages.ts";
import { messageOf, messageSchema } from "../messages/list.ts";
import { type Db, type Row, rows } from "../platform/database.ts";
import { isoOf } from "../platform/time.ts";

/** What is posted to a tenant's webhook for a message that they received. */
const receivedEventSchema = z.strictObject({
  type: z.literal("message.received"),
  timestamp: z.string(),
  data: messageSchema,
});

/** What is posted to a tenant's webhook for a notice: its kind is the type of the event. */
const noticeEventSchema = z.strictObject({
  type: z.enum(Constants.public.Enums.notice_kind),
  timestamp: z.string(),
  data: z.strictObject({
    id: z.guid(),
    subject: z.string().describe(
      "What the notice is about. A subject is noticed once for each type: the start of the billing period and the " +
        "percentage, or a number's id and the date",
    ),
    details: z.record(z.string(), z.unknown())
      .describe("Dates, ids and amounts in your own prices, as tenant_notices.details has them"),
  }),
}).meta({ id: "NoticeEvent", description: "The event of a notice, such as usage.threshold" });

export const forwardedEventSchema = z.discriminatedUnion("type", [receivedEventSchema, noticeEventSchema]);

export type ForwardedEvent = z.output<typeof forwardedEventSchema>;

/** What an event is about: its id is the event's. */
export type EventSource = "message" | "notice";

export interface EventDependencies extends LinkDependencies {
  db: Db;
}

/**
 * The event of a message or a notice, as it is now; null when the tenant has none with this id.
 * @param seconds how long links to media are valid
 */
export async function eventOf(
  { userId, id, source }: { userId: string; id: string; source: EventSource },
  seconds: number,
  { db, ...links }: EventDependencies,
): Promise<ForwardedEvent | null> {
  switch (source) {
    case "message": {
      const [message] = await rows(db, "message_of", { p_user_id: userId, p_message_id: id });
      return message === undefined ? null : await receivedEvent(message, seconds, links);
    }
    case "notice": {
      const [notice] = await rows(db, "notice_of", { p_user_id: userId, p_notice_id: id });
      return notice === undefined ? null : noticeEvent(notice);
    }
  }
}

/**
 * The event of a received message, with links to its media. Once the deletion of the message was requested, the event has
 * neither text nor media, also while the deletion waits for Twilio.
 */
async function receivedEvent(
  row: Row<"sms_messages">,
  seconds: number,
  links: LinkDependencies,
): Promise<ForwardedEvent> {
  const message = messageOf(row);
  const shown = row.redaction_requested_at === null ? message : { ...message, body: null, media: [] };
  const [data] = await withMediaLinks([shown], seconds, links);
  return { type: "message.received", timestamp: shown.createdAt, data: data! };
}

function noticeEvent({ id, kind, subject, details, raised_at }: Row<"tenant_notices">): ForwardedEvent {
  const data = { id, subject, details: details as Record<string, unknown> };
  return { type: kind, timestamp: isoOf(raised_at), data };
}
