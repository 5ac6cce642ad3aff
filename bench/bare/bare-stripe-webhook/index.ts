// The least that a Stripe webhook does: it verifies the signature and inserts the event.
import { createClient } from "@supabase/supabase-js";
import Stripe from "stripe";

const stripe = new Stripe(Deno.env.get("STRIPE_SECRET_KEY")!);
const secret = Deno.env.get("STRIPE_WEBHOOK_SECRET")!;
const provider = Stripe.createSubtleCryptoProvider();
const supabase = createClient(
  Deno.env.get("SUPABASE_URL")!,
  JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS")!).default,
  { auth: { persistSession: false, autoRefreshToken: false } },
);

async function receive(request: Request): Promise<Response> {
  const signature = request.headers.get("stripe-signature") ?? "";
  let event: Stripe.Event;
  try {
    event = await stripe.webhooks.constructEventAsync(await request.text(), signature, secret, undefined, provider);
  } catch {
    return new Response("Invalid signature", { status: 400 });
  }
  const { error } = await supabase.from("bare_stripe_events").insert({
    event_id: event.id,
    type: event.type,
    payload: event,
  });
  if (error !== null) return new Response(error.message, { status: 503 });
  return Response.json({ received: true });
}

export default { fetch: receive };
