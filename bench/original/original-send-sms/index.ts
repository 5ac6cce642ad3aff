// The sending function of the product that this one replaces, written as well as its design allows: the SDK and the
// clients are loaded once, and no step waits for another that it does not need.
import { clientOf, PUBLIC_BASE_URL, supabase } from "../shared.ts";

/** Without it, Twilio would not repeat a callback that arrives before the row is inserted. */
const RETRY = "#rc=5&rp=all";

async function send(request: Request): Promise<Response> {
  const token = request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
  const { data: { user }, error } = await supabase.auth.getUser(token);
  if (error !== null || user === null) return Response.json({ error: "Unauthorized" }, { status: 401 });

  const { to, body } = await request.json();
  const [preferences, numbers] = await Promise.all([
    supabase.from("original_user_preferences")
      .select("twilio_subaccount_sid, twilio_subaccount_auth_token, twilio_subaccount_status")
      .eq("user_id", user.id).single(),
    supabase.from("original_twilio_numbers").select("phone_number, is_primary").eq("user_id", user.id),
  ]);
  const account = preferences.data;
  if (account === null || account.twilio_subaccount_status !== "active") {
    return Response.json({ error: "No active subaccount" }, { status: 403 });
  }
  const number = numbers.data?.find(({ is_primary }) => is_primary) ?? numbers.data?.[0];
  if (number === undefined) return Response.json({ error: "No number" }, { status: 400 });

  const twilio = clientOf(account.twilio_subaccount_sid, account.twilio_subaccount_auth_token);
  const message = await twilio.messages.create({
    to,
    from: number.phone_number,
    body,
    statusCallback: `${PUBLIC_BASE_URL}/original-status?user=${user.id}${RETRY}`,
  });
  const inserted = await supabase.from("original_sms_messages").insert({
    user_id: user.id,
    from_number: number.phone_number,
    to_number: to,
    body,
    status: message.status,
    twilio_message_sid: message.sid,
  }).select("id").single();
  if (inserted.error !== null) return Response.json({ error: inserted.error.message }, { status: 500 });
  return Response.json({ id: inserted.data.id, sid: message.sid, status: message.status }, { status: 201 });
}

export default { fetch: send };
