import Stripe from "stripe";
import twilio from "twilio/lib/webhooks/webhooks.js";
import type { StackState } from "../../../local/stack-state.ts";
import type { Tenant } from "../../support/tenants.ts";
import { forgedToken, tokenFor, unsignedToken } from "../../support/tokens.ts";
import type { FuzzRequest } from "./request.ts";

/** The users of a run. */
export interface Cast {
  state: StackState;
  tenant: Tenant;
  operatorToken: string;
  expired: string;
  forged: string;
  unsigned: string;
  noUser: string;
}

export async function castOf(state: StackState, tenant: Tenant, operatorToken: string): Promise<Cast> {
  const claims = { sub: tenant.id };
  return {
    state,
    tenant,
    operatorToken,
    expired: await tokenFor(state, claims, "-1h"),
    forged: await forgedToken(state, claims),
    unsigned: unsignedToken(state, { ...claims, role: "authenticated" }),
    noUser: await tokenFor(state, { sub: "1" }),
  };
}

/** The headers with the credential of a request. */
export async function credentialsOf(request: FuzzRequest, url: string, cast: Cast): Promise<[string, string][]> {
  const { state, tenant } = cast;
  const bearer = (token: string): [string, string][] => [
    ["apikey", state.publishableKey],
    ["authorization", `Bearer ${token}`],
  ];
  switch (request.credential) {
    case "tenant":
      return bearer(tenant.accessToken);
    case "operator":
      return bearer(cast.operatorToken);
    case "secret key":
      return [["apikey", state.secretKey]];
    case "signature":
      return await signature(request, url, state.stripe.webhookSecret, tenant.authToken);
    case "unknown signature":
      return await signature(request, url, `${state.stripe.webhookSecret}x`, "0".repeat(32));
    case "none":
      return [];
    case "expired":
      return bearer(cast.expired);
    case "forged":
      return bearer(cast.forged);
    case "unsigned":
      return bearer(cast.unsigned);
    case "no user":
      return bearer(cast.noUser);
    case "publishable key":
      return bearer(state.publishableKey);
    case "password":
      return [["authorization", `Basic ${btoa("ada:correct horse")}`]];
    case "gibberish":
      return [["authorization", "Bearer eyJ.\xff.\x80"], ["apikey", "sb_secret_x"]];
  }
}

async function signature(
  { body }: FuzzRequest,
  url: string,
  stripeSecret: string,
  twilioToken: string,
): Promise<[string, string][]> {
  const payload = new TextDecoder("utf-8", { ignoreBOM: true }).decode(body ?? new Uint8Array());
  const form: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(payload)) {
    // Linear, because a slow client would look like a slow answer. A name may be `__proto__`.
    if (Object.hasOwn(form, name)) form[name]!.push(value);
    else Object.defineProperty(form, name, { value: [value], enumerable: true });
  }
  const isHashed = new URL(url).searchParams.has("bodySHA256");
  const fields = isHashed ? {} : form as unknown as Record<string, string>;
  return [
    ["stripe-signature", await Stripe.webhooks.generateTestHeaderStringAsync({ payload, secret: stripeSecret })],
    ["x-twilio-signature", twilio.getExpectedTwilioSignature(twilioToken, new URL(url).href, fields)],
  ];
}
