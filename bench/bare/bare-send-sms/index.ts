// The least that a sending function does: it verifies the token, stores a row, calls Twilio once and stores the result.
// Each write is a call of a SQL function, as the product's are: the local Data API takes 2 to 3 ms longer for such a call
// than for a request to a table, which the platform's does not.
import { createSupabaseContext } from "@supabase/server";

const twilioUrl = Deno.env.get("TWILIO_API_BASE_URL");
const accountSid = Deno.env.get("TWILIO_ACCOUNT_SID");
const authorization = `Basic ${btoa(`${accountSid}:${Deno.env.get("TWILIO_AUTH_TOKEN")}`)}`;

async function send(request: Request): Promise<Response> {
  const context = await createSupabaseContext(request, { auth: "user" });
  if (context.error !== null) return Response.json({ error: "Unauthorized" }, { status: 401 });
  const { supabaseAdmin: db, userClaims } = context.data;
  const { to, from, body } = await request.json();
  const inserted = await db.rpc("bare_reserve", {
    p_user_id: userClaims?.id,
    p_from: from,
    p_to: to,
    p_body: body,
    p_account_sid: accountSid,
  }).single<{ id: string }>();
  if (inserted.error !== null) return Response.json({ error: inserted.error.message }, { status: 500 });

  const response = await fetch(`${twilioUrl}/2010-04-01/Accounts/${accountSid}/Messages.json`, {
    method: "POST",
    headers: { authorization },
    body: new URLSearchParams({ To: to, From: from, Body: body }),
  });
  const message = await response.json();
  if (!response.ok) return Response.json({ error: message.message }, { status: 502 });
  const { id } = inserted.data;
  const { error } = await db.rpc("bare_record", { p_id: id, p_sid: message.sid, p_status: message.status });
  if (error !== null) return Response.json({ error: error.message }, { status: 500 });
  return Response.json({ id, sid: message.sid, status: message.status }, { status: 201 });
}

export default { fetch: send };
