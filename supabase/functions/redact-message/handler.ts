import { isUnfinished, redactAtTwilio, requestRedaction } from "../_shared/messages/redact.ts";
import { decide, type Row, rowFrom } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { describeError } from "../_shared/platform/log.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { sendingAccount } from "../_shared/messages/sending-account.ts";
import { twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { redactSchema } from "./contract.ts";

const LIMIT = { action: "redact", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** Stores the request and enqueues its job, then deletes at once if Twilio allows it. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { messageId } = await readJson(request, redactSchema);
  await enforceRateLimit(LIMIT, request, context);
  const { db, user, requestId } = context;
  const asked = await requestRedaction(db, { p_user_id: user.id, p_message_id: messageId, p_request_id: requestId });
  switch (asked.outcome) {
    case "not_found":
      throw new ApiError("not_found", `Cannot find a message "${messageId}" of yours`);
    case "already":
      return Response.json({ id: messageId, redactedAt: isoOf(rowFrom("sms_messages", asked.message).redacted_at) });
    case "accepted": {
      const isDone = await tryRedacting(rowFrom("sms_messages", asked.message), context);
      if (!isDone) return Response.json({ id: messageId, redactedAt: null }, { status: 202 });
      await decide(db, "record_redaction", { p_message_ids: [messageId] });
      return Response.json({ id: messageId, redactedAt: new Date().toISOString() });
    }
  }
}

/** A failure here does not fail the request: the job repeats it. */
async function tryRedacting(message: Row<"sms_messages">, context: Context): Promise<boolean> {
  if (isUnfinished(message.status)) return false;
  const { user, log } = context;
  try {
    const twilio = await sendingAccount(twilioAccounts(context), user.id, message.source);
    const { twilio_message_sid: sid, media_urls: mediaUrls } = message;
    return twilio !== null && await redactAtTwilio({ sid, mediaCount: mediaUrls.length }, twilio);
  } catch (error) {
    log.warn("message.redaction_failed", { userId: user.id, ...describeError(error) });
    return false;
  }
}
