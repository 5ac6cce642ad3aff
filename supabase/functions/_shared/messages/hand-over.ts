import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import type { Twilio } from "../twilio/client.ts";
import { statusCallbackUrl } from "../twilio/webhook-urls.ts";

/** A reserved message, as Twilio gets it. Numbers are in E.164. */
export interface HandedOver {
  messageId: string;
  from: string;
  to: string;
  body: string | null;
  mediaUrls: readonly string[];
}

/**
 * Hands a reserved message to Twilio. Its callbacks name the message, so that they settle it when the response is lost.
 * @param twilio the account that owns the sender
 * @throws the SDK's error: `sendFailureOf` sorts it
 */
export function handOver(
  { messageId, from, to, body, mediaUrls }: HandedOver,
  { twilio, userId, publicBaseUrl }: { twilio: Twilio; userId: string; publicBaseUrl: string },
): Promise<MessageInstance> {
  return twilio.account.messages.create({
    to,
    from,
    statusCallback: statusCallbackUrl(publicBaseUrl, userId, messageId),
    ...(body !== null && { body }),
    ...(mediaUrls.length > 0 && { mediaUrl: [...mediaUrls] }),
  });
}
