// The callback handler of the product that this one replaces, written as well as its design allows: a late `sent` never
// overwrites a final status, and a callback that comes before the row is inserted is repeated by Twilio.
import twilio from "twilio";
import { PUBLIC_BASE_URL, supabase } from "../shared.ts";

async function receive(request: Request): Promise<Response> {
  const { pathname, search, searchParams } = new URL(request.url);
  const form = Object.fromEntries(new URLSearchParams(await request.text()));
  const { data: account } = await supabase.from("original_user_preferences").select("twilio_subaccount_auth_token")
    .eq("user_id", searchParams.get("user") ?? "").single();
  const signature = request.headers.get("x-twilio-signature") ?? "";
  const url = PUBLIC_BASE_URL + pathname + search;
  if (account === null || !twilio.validateRequest(account.twilio_subaccount_auth_token, signature, url, form)) {
    return new Response("Forbidden", { status: 403 });
  }

  const { MessageSid: sid, MessageStatus: status, ErrorCode: code } = form;
  const isFinal = status !== "queued" && status !== "sending" && status !== "sent";
  const update = supabase.from("original_sms_messages")
    .update({ status, error_code: code ? Number(code) : null, updated_at: new Date().toISOString() })
    .eq("twilio_message_sid", sid);
  const { data, error } = await (isFinal ? update : update.in("status", ["accepted", "queued", "sending"])).select(
    "id",
  );
  if (error !== null) return new Response("Unavailable", { status: 503 });
  return new Response(null, { status: isFinal && data.length === 0 ? 404 : 204 });
}

export default { fetch: receive };
