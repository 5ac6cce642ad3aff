import { wakeJobs } from "../_shared/jobs/wake.ts";
import { twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import {
  applyInbound,
  applyMasterInbound,
  applyStatusCallback,
  type KeywordReply,
} from "../_shared/messages/callbacks.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { addressOf } from "../_shared/platform/client-address.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { signatureOf } from "../_shared/platform/flood.ts";
import { isUuid, UUID_PATTERN } from "../_shared/platform/ids.ts";
import { readText } from "../_shared/platform/request.ts";
import { xmlText } from "../_shared/platform/text.ts";
import { isSignedByAccount } from "../_shared/accounts/stored-tokens.ts";
import { isSignedByTwilio } from "../_shared/twilio/signature.ts";
import { hasHashedBody, webhookFields } from "../_shared/twilio/webhook-body.ts";
import { applyUsageFiring } from "../_shared/usage/trigger-callback.ts";
import { statusCallbackUrl } from "../_shared/twilio/webhook-urls.ts";

const MAX_BYTES = 256 * 1024;
/** The base64 of twenty bytes. */
const SIGNATURE = { name: "x-twilio-signature", form: /^[A-Za-z0-9+/]{27}=$/ };
const PATH = new RegExp(`^/twilio-webhook/(status|inbound|usage)/(${UUID_PATTERN})$`);
const MASTER_PATH = "/twilio-webhook/inbound/master";

/**
 * `/status/<user>`, `/inbound/<user>`, `/usage/<user>` and `/inbound/master`. The path names the tenant or the master account, and the
 * signature proves it.
 */
export async function handle(request: Request, context: Context): Promise<Response> {
  const url = new URL(request.url);
  if (url.pathname === MASTER_PATH) return await handleMaster(request, url, context);
  const route = PATH.exec(url.pathname);
  if (route === null) throw new ApiError("not_found", `Cannot find "${url.pathname.slice(0, 100)}" here`);
  const [, kind, userId] = route as unknown as [string, "status" | "inbound" | "usage", string];

  const signature = signatureOf(request, SIGNATURE, context.env, notGenuine);
  const body = await readText(request, MAX_BYTES);
  const form = webhookFields(body, url);
  // The master account reports on messages that it sent for tenants. A message that it receives belongs to no tenant:
  // see handleMaster. No trigger of the master account belongs to a tenant either.
  if (kind !== "status" && form.get("AccountSid") === context.env.TWILIO_ACCOUNT_SID) throw notGenuine();
  await verify({ signature, userId, address: addressOf(request, context.env) }, url, { body, form }, context);

  if (kind === "status") {
    const outcome = await applyStatusCallback(context.db, userId, messageIdOf(url), form);
    context.log.info("twilio.status", { userId, outcome });
    return new Response(null, { status: 204 });
  }
  if (kind === "usage") {
    const outcome = await applyUsageFiring(context.db, userId, form);
    context.log.info("twilio.usage", { userId, outcome });
    return new Response(null, { status: 204 });
  }
  const { db, log } = context;
  const { outcome, reply } = await applyInbound(userId, form, { db, log, accounts: twilioAccounts(context) });
  context.log.info("twilio.inbound", { userId, outcome });
  if (outcome === "recorded") wakeJobs(context.env, "forwarding");
  return await twiml(reply, userId, context.env.PUBLIC_BASE_URL);
}

/** A message to a number of the master account: only its STOP or START is recorded, and Twilio answers it. */
async function handleMaster(request: Request, url: URL, context: Context): Promise<Response> {
  const { db, env, log } = context;
  const signature = signatureOf(request, SIGNATURE, env, notGenuine);
  const body = await readText(request, MAX_BYTES);
  const form = webhookFields(body, url);
  const signed = hasHashedBody(url) ? body : form;
  const publicUrl = env.PUBLIC_BASE_URL + url.pathname + url.search;
  const isGenuine = form.get("AccountSid") === env.TWILIO_ACCOUNT_SID &&
    await isSignedByTwilio([env.TWILIO_AUTH_TOKEN], signature, publicUrl, signed);
  if (!isGenuine) throw notGenuine();
  const outcome = await applyMasterInbound(form, { db, log, accounts: twilioAccounts(context) });
  log.info("twilio.inbound_master", { outcome });
  return await twiml(null, "", env.PUBLIC_BASE_URL);
}

/** The error is the same for a wrong signature, an unknown tenant and a foreign account, so that it reveals nothing. */
async function verify(
  { signature, userId, address }: { signature: string; userId: string; address: string | null },
  url: URL,
  { body, form }: { body: string; form: URLSearchParams },
  context: Context,
): Promise<void> {
  const publicUrl = context.env.PUBLIC_BASE_URL + url.pathname + url.search;
  const signed = hasHashedBody(url) ? body : form;
  const isGenuine = await isSignedByAccount(context, {
    userId,
    accountSid: form.get("AccountSid"),
    address,
    // During a rotation the tenant's account has more than one token.
    isSignedWith: (tokens) => isSignedByTwilio(tokens, signature, publicUrl, signed),
  });
  if (!isGenuine) throw notGenuine();
}

function notGenuine(): ApiError {
  return new ApiError("forbidden", "Cannot accept the webhook: its signature is not valid");
}

function messageIdOf(url: URL): string | null {
  const id = url.searchParams.get("message");
  return id !== null && isUuid(id) ? id : null;
}

/** TwiML with the reply, or without any. Twilio sends the reply and reports on it as on any other message of ours. */
async function twiml(reply: KeywordReply | null, userId: string, publicBaseUrl: string): Promise<Response> {
  const { default: MessagingResponse } = await import("twilio/lib/twiml/MessagingResponse.js");
  const response = new MessagingResponse();
  // A reply that was stored before such texts were refused, or by SQL.
  const text = reply === null ? "" : xmlText(reply.body);
  if (reply !== null && text.trim() !== "") {
    const action = statusCallbackUrl(publicBaseUrl, userId, reply.messageId);
    response.message({ statusCallback: action }, text);
  }
  return new Response(response.toString(), { headers: { "content-type": "text/xml" } });
}
