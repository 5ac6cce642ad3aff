import { type Keyword, KEYWORD_REPLIES, keywordOf } from "./keywords.ts";
import { beginLife } from "./message-life.ts";
import { addMessage } from "./messages.ts";
import { NUMBER_BLOCKS } from "./number-places.ts";
import { blockOf } from "./number-inventory.ts";
import { countryOf } from "./phone-numbers.ts";
import type { CallbackTrouble, Message, PhoneNumber } from "./records.ts";
import type { Simulation, Webhook, WebhookResult } from "./simulation.ts";
import { readTwiml } from "./twiml.ts";

/** A text from a handset. Numbers are E.164. */
export interface InboundText {
  from: string;
  to: string;
  body: string;
  mediaUrls: string[];
}

/** What became of it: the message, the webhook's last answer, and the SIDs of what was sent in reply. */
export interface InboundResult {
  messageSid: string;
  webhook: { status: number | null; error: string | null } | null;
  replySids: string[];
}

/**
 * Takes in a text to `number`: remembers STOP and START and answers keywords as Twilio does by default, then calls the
 * number's SmsUrl (on failure its SmsFallbackUrl) and sends the messages of the TwiML that comes back.
 */
export async function receiveText(
  simulation: Simulation,
  number: PhoneNumber,
  text: InboundText,
  trouble: CallbackTrouble | null,
): Promise<InboundResult> {
  const { accountSid } = number;
  const message = addMessage(simulation.store, { ...text, accountSid, direction: "inbound", status: "received" });
  beginLife(simulation, message);
  const keyword = simulation.settings.keywordHandling ? keywordOf(text.body) : undefined;
  const wasOptedOut = simulation.store.isOptedOut({ number: text.to, handset: text.from });
  const replySids = keyword ? handleKeyword(simulation, message, keyword, wasOptedOut) : [];
  const result = await callNumber(simulation, number, inboundParams(simulation, number, message, keyword), trouble);
  if (result?.status && result.status < 300) replySids.push(...sendReplies(simulation, message, result));
  const webhook = result && { status: result.status, error: result.error };
  return { messageSid: message.sid, webhook, replySids };
}

function handleKeyword(simulation: Simulation, message: Message, keyword: Keyword, wasOptedOut: boolean): string[] {
  const pair = { number: message.to, handset: message.from };
  if (keyword === "STOP") simulation.store.optOut(pair);
  if (keyword === "START") simulation.store.optIn(pair);
  // A YES among friends is no consent, and one who has left already is not thanked again.
  if ((keyword === "START" && !wasOptedOut) || (keyword === "STOP" && wasOptedOut)) return [];
  return [reply(simulation, message, KEYWORD_REPLIES[keyword], [], null)];
}

async function callNumber(
  simulation: Simulation,
  number: PhoneNumber,
  params: Record<string, string>,
  trouble: CallbackTrouble | null,
): Promise<WebhookResult | null> {
  if (!number.smsUrl || trouble?.effect === "dropped") return null;
  if (trouble?.effect === "late" && !(await simulation.timers.sleep(trouble.ms))) return null;
  const webhook: Webhook = {
    purpose: "inbound",
    accountSid: number.accountSid,
    url: number.smsUrl,
    method: number.smsMethod,
    params,
  };
  if (trouble?.effect === "doubled") await simulation.sendWebhook(webhook);
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

/** Sends an answer back. One who opted out gets none but Twilio's own confirmation of that: any other fails with 21610. */
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
  beginLife(simulation, message);
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
