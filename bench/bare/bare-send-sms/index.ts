// The least that a sending function does: it verifies the token, inserts a row, calls Twilio once and updates the row.
import { createSupabaseContext } from "@supabase/server";

const twilioUrl = Deno.env.get("TWILIO_API_BASE_URL");
const accountSid = Deno.env.get("TWILIO_ACCOUNT_SID");
const authorization = `Basic ${btoa(`${accountSid}:${Deno.env.get("TWILIO_AUTH_TOKEN")}`)}`;

async function send(request: Request): Promise<Response> {
  const context = await createSupabaseContext(request, { auth: "user" });
  if (context.error !== null) return Response.json({ error: "Unauthorized" }, { status: 401 });
  const { supabaseAdmin: db, userClaims } = context.data;
  const { to, from, body } = await request.json();
  const inserted = await db.from("bare_messages").insert({
    user_id: userClaims?.id,
    direction: "outbound",
    from_number: from,
    to_number: to,
    body,
    status: "reserved",
    account_sid: accountSid,
    source: "master",
  }).select("id").single();
  if (inserted.error !== null) return Response.json({ error: inserted.error.message }, { status: 500 });

  const response = await fetch(`${twilioUrl}/2010-04-01/Accounts/${accountSid}/Messages.json`, {
    method: "POST",
    headers: { authorization },
    body: new URLSearchParams({ To: to, From: from, Body: body }),
  });
  const message = await response.json();
  if (!response.ok) return Response.json({ error: message.message }, { status: 502 });
  const { id } = inserted.data;
  const { error } = await db.from("bare_messages").update({ twilio_message_sid: message.sid, status: message.status })
    .eq("id", id);
  if (error !== null) return Response.json({ error: error.message }, { status: 500 });
  return Response.json({ id, sid: message.sid, status: message.status }, { status: 201 });
}

export default { fetch: send };
