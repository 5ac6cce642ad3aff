import { redactAtTwilio } from "../_shared/messages/redact.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { Refusal } from "../_shared/platform/errors.ts";
import { describeError } from "../_shared/platform/log.ts";
import { expectNoQuery, readJson } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { accountOfMessages } from "../_shared/subaccounts/credentials.ts";
import { redactSchema } from "./contract.ts";

/** Notes the wish with a job behind it, then fulfils it at once where Twilio lets us. */
export async function handle(request: Request, context: Context): Promise<Response> {
  expectNoQuery(request);
  const { messageId } = await readJson(request, redactSchema);
  const { db, user, requestId } = context;
  const asked = await decide(db, "request_redaction", {
    p_user_id: user.id,
    p_message_id: messageId,
    p_request_id: requestId,
  });
  switch (asked.outcome) {
    case "not_found":
      throw new Refusal("not_found", `Cannot find a message "${messageId}" of yours`);
    case "already":
      return Response.json({ id: messageId, redactedAt: isoOf(asked.redacted_at) });
    default: {
      const message = { sid: asked.twilio_message_sid, mediaCount: asked.media_count };
      const isDone = !UNDER_WAY.has(asked.status) && await tryRedacting(message, asked.source, context);
      if (!isDone) return Response.json({ id: messageId, redactedAt: null }, { status: 202 });
      await decide(db, "record_redaction", { p_message_ids: [messageId] });
      return Response.json({ id: messageId, redactedAt: new Date().toISOString() });
    }
  }
}

/** Twilio deletes only what it has finished with. */
const UNDER_WAY = new Set(["reserved", "unknown", "accepted", "scheduled", "queued", "sending"]);

/** A failure here is no error of the request: the job does it later. */
async function tryRedacting(
  message: { sid: string | null; mediaCount: number },
  source: string,
  { db, env, user, log }: Context,
): Promise<boolean> {
  try {
    const twilio = await accountOfMessages({ db, env }, user.id, source);
    return twilio !== null && await redactAtTwilio(message, twilio);
  } catch (error) {
    log.warn("message.unredacted", { userId: user.id, ...describeError(error) });
    return false;
  }
}
