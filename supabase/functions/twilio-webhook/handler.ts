import { applyInbound, applyStatusCallback } from "../_shared/messages/callbacks.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { Refusal } from "../_shared/platform/errors.ts";
import { readText } from "../_shared/platform/request.ts";
import { signingTokens } from "../_shared/subaccounts/credentials.ts";
import { isSignedByTwilio } from "../_shared/twilio/signature.ts";
import { hasHashedBody, webhookFields } from "../_shared/twilio/webhook-body.ts";

const MAX_BYTES = 256 * 1024;
const PATH = /^\/twilio-webhook\/(status|inbound)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `/status/<user>` and `/inbound/<user>`: the tenant comes from the path, and the signature proves that it is theirs. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const url = new URL(request.url);
  const route = PATH.exec(url.pathname);
  if (route === null) throw new Refusal("not_found", `Cannot find "${url.pathname.slice(0, 100)}" here`);
  const [, kind, userId] = route as unknown as [string, "status" | "inbound", string];

  const body = await readText(request, MAX_BYTES);
  const form = webhookFields(body, url);
  // Messages went through the master account, and it reports on them; what it receives is no tenant's.
  if (kind === "inbound" && form.get("AccountSid") === context.env.TWILIO_ACCOUNT_SID) throw notGenuine();
  await verify(request, url, userId, { body, form }, context);

  const outcome = kind === "status"
    ? await applyStatusCallback(context.db, userId, messageIdOf(url), form)
    : await applyInbound(context.db, userId, form);
  context.log.info(`twilio.${kind}`, { userId, outcome });
  return kind === "inbound" ? twiml() : new Response(null, { status: 204 });
}

/** One and the same answer for a wrong signature, an unknown tenant and a foreign account: a stranger learns nothing. */
async function verify(
  request: Request,
  url: URL,
  userId: string,
  { body, form }: { body: string; form: URLSearchParams },
  context: Context,
): Promise<void> {
  const signature = request.headers.get("x-twilio-signature") ?? "";
  const publicUrl = context.env.PUBLIC_BASE_URL + url.pathname + url.search;
  // During a rotation the tenant's account has more than one token.
  const tokens = await signingTokens(context, userId, form.get("AccountSid"));
  if (!await isSignedByTwilio(tokens, signature, publicUrl, hasHashedBody(url) ? body : form)) throw notGenuine();
}

function notGenuine(): Refusal {
  return new Refusal("forbidden", "Cannot accept the webhook: its signature is not valid");
}

function messageIdOf(url: URL): string | null {
  const id = url.searchParams.get("message");
  return id !== null && UUID.test(id) ? id : null;
}

function twiml(): Response {
  return new Response('<?xml version="1.0" encoding="UTF-8"?><Response/>', { headers: { "content-type": "text/xml" } });
}
