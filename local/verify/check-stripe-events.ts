import type Stripe from "stripe";
import { HANDLED_TYPES } from "../../supabase/functions/_shared/billing/event-subject.ts";
import { THIN_TYPES } from "../../supabase/functions/_shared/billing/thin-event.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** What Stripe sends us: the events of the webhook endpoint, and the thin events of meters with their secret. */
export async function checkEvents(stripe: Stripe, webhookUrl: string): Promise<Finding[]> {
  const thinUrl = `${webhookUrl}/thin`;
  return [
    await checkEndpoint(stripe, webhookUrl),
    await checkThinDestination(stripe, thinUrl),
    await checkThinSecret(thinUrl),
    GRACE_PERIOD,
  ];
}

/** Stripe has no API for it. Each draft invoice tells, and its alert `invoice_grace`. */
const GRACE_PERIOD = warn(
  "grace period",
  "cannot be read from Stripe",
  "Look in Stripe's dashboard: Settings → Billing → Invoices → grace period of invoices with usage must be 72 hours",
);

async function checkEndpoint(stripe: Stripe, webhookUrl: string): Promise<Finding> {
  const endpoints = await stripe.webhookEndpoints.list({ limit: 100 });
  const ours = endpoints.data.find((endpoint) => endpoint.url === webhookUrl && endpoint.status === "enabled");
  if (ours === undefined) {
    return fail(
      "webhook endpoint",
      `none is registered for ${webhookUrl}`,
      "Register it at Stripe (docs/deploying.md) and set STRIPE_WEBHOOK_SECRET to its secret",
    );
  }
  const missing = HANDLED_TYPES.filter((type) =>
    !ours.enabled_events.includes(type) && !ours.enabled_events.includes("*")
  );
  return missing.length === 0
    ? ok("webhook endpoint", `${ours.id} sends all ${HANDLED_TYPES.length} types we need`)
    : fail(
      "webhook endpoint",
      `${ours.id} does not send ${missing.join(", ")}`,
      "Add these types to the endpoint at Stripe",
    );
}

async function checkThinDestination(stripe: Stripe, thinUrl: string): Promise<Finding> {
  const destinations = await stripe.v2.core.eventDestinations.list({ include: ["webhook_endpoint.url"], limit: 100 })
    .autoPagingToArray({ limit: 1000 });
  const ours = destinations.find(({ webhook_endpoint, status }) =>
    webhook_endpoint?.url === thinUrl && status === "enabled"
  );
  if (ours === undefined) {
    return fail(
      "thin event destination",
      `none is registered for ${thinUrl}`,
      "Create it at Stripe (docs/deploying.md) and set STRIPE_THIN_WEBHOOK_SECRET to its secret",
    );
  }
  if (ours.event_payload !== "thin") {
    return fail("thin event destination", `${ours.id} sends snapshots`, "Create one with thin payload in its place");
  }
  const missing = THIN_TYPES.filter((type) =>
    !ours.enabled_events.includes(type) && !ours.enabled_events.includes("*")
  );
  return missing.length === 0
    ? ok("thin event destination", `${ours.id} sends all ${THIN_TYPES.length} types we need`)
    : fail(
      "thin event destination",
      `${ours.id} does not send ${missing.join(", ")}`,
      "Add these types to the destination at Stripe",
    );
}

/** The functions refuse a wrong signature in another way than a missing secret. */
async function checkThinSecret(thinUrl: string): Promise<Finding> {
  const signature = `t=${Math.floor(Date.now() / 1000)},v1=${"0".repeat(64)}`;
  let code: unknown;
  try {
    const response = await fetch(thinUrl, { method: "POST", body: "{}", headers: { "stripe-signature": signature } });
    code = (await response.json())?.code;
  } catch {
    code = undefined;
  }
  if (code === "invalid_signature") return ok("STRIPE_THIN_WEBHOOK_SECRET", "is set");
  return code === "stripe_misconfigured"
    ? fail(
      "STRIPE_THIN_WEBHOOK_SECRET",
      "is not set",
      "Set it to the secret of the thin event destination: supabase secrets set",
    )
    : fail("STRIPE_THIN_WEBHOOK_SECRET", `is unknown: ${thinUrl} does not answer`, "Are the functions deployed?");
}
