import { chargeMessage } from "./charges.ts";
import { type Keyword, KEYWORD_REPLIES, keywordOf } from "./keywords.ts";
import { startLifecycle } from "./message-lifecycle.ts";
import { addMessage, type MediaFile } from "./messages.ts";
import { NUMBER_BLOCKS } from "./number-places.ts";
import { blockOf } from "./number-inventory.ts";
import { countryOf } from "./phone-numbers.ts";
import type { CallbackFault, Message, PhoneNumber } from "./records.ts";
import type { Simulation, Webhook, WebhookResult } from "./simulation.ts";
import { readTwiml } from "./twiml.ts";

/** A text from a handset to a number on Twilio. Numbers are E.164. */
export interface InboundText {
  from: string;
  to: string;
  body: string;
  media: MediaFile[];
}

/** The received message, the last response of its webhook, and the SIDs of the replies. */
export interface InboundResult {
  messageSid: string;
  webhook: { status: number | null; error: string | null } | null;
  replySids: string[];
}

/**
 * Receives a text to `number`: records an opt-out or opt-in and replies to keywords as Twilio does by default. Then
 * calls the number's SmsUrl (after a failure its SmsFallbackUrl) and sends the messages in the returned TwiML.
 */
export async function receiveText(
  simulation: Simulation,
  number: PhoneNumber,
  text: InboundText,
  fault: CallbackFault | null,
): Promise<InboundResult> {
  const { accountSid } = number;
  const { media: files, ...fields } = text;
  const message = addMessage(simulation.store, {
    ...fields,
    files,
    accountSid,
    direction: "inbound",
    status: "received",
  });
  chargeMessage(simulation, message);
  startLifecycle(simulation, message);
  const keyword = simulation.settings.keywordHandling ? keywordOf(text.body, text.to) : undefined;
  const wasOptedOut = simulation.store.isOptedOut({ number: text.to, handset: text.from });
  const replySids = keyword ? handleKeyword(simulation, message, keyword, wasOptedOut) : [];
  const result = await callNumber(simulation, number, inboundParams(simulation, number, message, keyword), fault);
  if (result?.status && result.status < 300) replySids.push(...sendReplies(simulation, message, result));
  const webhook = result && { status: result.status, error: result.error };
  return { messageSid: message.sid, webhook, replySids };
}

function handleKeyword(simulation: Simulation, message: Message, keyword: Keyword, wasOptedOut: boolean): string[] {
  const pair = { number: message.to, handset: message.from };
  if (keyword === "STOP") simulation.store.optOut(pair);
  if (keyword === "START") simulation.store.optIn(pair);
  // START without an opt-out is not a consent change ("YES" can be a normal text), and a second STOP gets no second
  // reply.
  if ((keyword === "START" && !wasOptedOut) || (keyword === "STOP" && wasOptedOut)) return [];
  return [reply(simulation, message, KEYWORD_REPLIES[keyword], [], null)];
}

async function callNumber(
  simulation: Simulation,
  number: PhoneNumber,
  params: Record<string, string>,
  fault: CallbackFault | null,
): Promise<WebhookResult | null> {
  if (!number.smsUrl || fault?.effect === "dropped") return null;
  if (fault?.effect === "late" && !(await simulation.timers.sleep(fault.ms))) return null;
  const webhook: Webhook = {
    purpose: "inbound",
    accountSid: number.accountSid,
    url: number.smsUrl,
    method: number.smsMethod,
    params,
  };
  if (fault?.effect === "doubled") await simulation.sendWebhook(webhook);
  const result = await simulation.sendWebhook(webhook);
  if ((result.status !== null && result.status < 400) || !number.smsFallbackUrl) return result;
  return await simulation.sendWebhook({
    ...webhook,
    url: number.smsFallbackUrl,
    method: number.smsFallbackMethod,
    params: { ...params, ErrorCode: "11200", ErrorUrl: number.smsUrl },
  });
}

function sendReplies(simulation: Simulation, message: Message, result: WebhookResult): string[] {
  try {
    return readTwiml(result.contentType, result.body).map((twiml) =>
      reply(simulation, message, twiml.body, twiml.mediaUrls, twiml.statusCallback)
    );
  } catch (error) {
    simulation.log(`Cannot read the TwiML of ${message.sid}'s webhook: ${(error as Error).message}`);
    result.error = `12100 ${(error as Error).message}`;
    return [];
  }
}

/**
 * Sends a reply. To a handset that opted out, only Twilio's own keyword replies are sent; any other fails with 21610.
 */
function reply(
  simulation: Simulation,
  inbound: Message,
  body: string,
  mediaUrls: string[],
  statusCallback: string | null,
): string {
  const message = addMessage(simulation.store, {
    accountSid: inbound.accountSid,
    direction: "outbound-reply",
    from: inbound.to,
    to: inbound.from,
    body,
    mediaUrls,
    status: "queued",
    statusCallback,
  });
  const isOptedOut = simulation.store.isOptedOut({ number: inbound.to, handset: inbound.from });
  const isKeywordReply = Object.values(KEYWORD_REPLIES).includes(body);
  if (isOptedOut && !isKeywordReply) message.outcome = { status: "failed", errorCode: 21610 };
  startLifecycle(simulation, message);
  return message.sid;
}

function inboundParams(
  simulation: Simulation,
  number: PhoneNumber,
  message: Message,
  keyword: Keyword | undefined,
): Record<string, string> {
  const params: Record<string, string> = {
    AccountSid: number.accountSid,
    ApiVersion: "2010-04-01",
    Body: message.body,
    From: message.from,
    MessageSid: message.sid,
    NumMedia: String(message.media.length),
    NumSegments: String(message.numSegments),
    SmsMessageSid: message.sid,
    SmsSid: message.sid,
    SmsStatus: "received",
    To: message.to,
    ...placeParams("From", message.from),
    ...placeParams("To", message.to),
  };
  for (const [index, media] of message.media.entries()) {
    params[`MediaUrl${index}`] = media.url;
    params[`MediaContentType${index}`] = media.contentType;
  }
  if (keyword && simulation.settings.advancedOptOut) params["OptOutType"] = keyword;
  return params;
}

function placeParams(side: "From" | "To", phoneNumber: string): Record<string, string> {
  const block = NUMBER_BLOCKS.find((known) => known === blockOf(phoneNumber));
  return {
    [`${side}City`]: block?.locality?.toUpperCase() ?? "",
    [`${side}State`]: block?.region ?? "",
    [`${side}Zip`]: block?.postalCode ?? "",
    [`${side}Country`]: countryOf(phoneNumber) || block?.country || "",
  };
}
