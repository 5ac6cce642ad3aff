import Stripe from "stripe";
import twilio from "twilio/lib/webhooks/webhooks.js";
import { type Answer, callFunction } from "../../local/driver/actor.ts";
import type { StackState } from "../../local/stack-state.ts";

/** How an event is signed; each field otherwise is what Stripe would do. */
export interface StripeSigning {
  secret?: string;
  /** Unix seconds. */
  timestamp?: number;
  /** What was signed, where it is not what is sent. */
  signed?: string;
}

/** Posts a raw event as Stripe does, signed with the SDK. */
export async function postStripeEvent(
  state: StackState,
  payload: string,
  signing: StripeSigning = {},
): Promise<Answer> {
  const { secret = state.stripe.webhookSecret, timestamp = Math.floor(Date.now() / 1000), signed = payload } = signing;
  const header = await Stripe.webhooks.generateTestHeaderStringAsync({ payload: signed, secret, timestamp });
  return await callFunction(state, "stripe-webhook", {
    method: "POST",
    body: payload,
    headers: { "stripe-signature": header },
  });
}

/** A callback of Twilio's, and what is wrong with it, if anything. */
export interface TwilioCallback {
  /** Behind `twilio-webhook/`. */
  path: string;
  form: Record<string, string>;
  /** The token that signs. */
  token: string;
  /** What was signed, where it is not what is sent; null for no signature at all. */
  signed?: { path?: string; form?: Record<string, string> } | null;
}

/** Posts a callback as Twilio does, signed with the SDK. */
export async function postTwilioCallback(
  state: StackState,
  { path, form, token, signed = {} }: TwilioCallback,
): Promise<Answer> {
  const url = `${state.apiUrl}/functions/v1/twilio-webhook/${signed?.path ?? path}`;
  const signature = twilio.getExpectedTwilioSignature(token, url, signed?.form ?? form);
  return await callFunction(state, `twilio-webhook/${path}`, {
    method: "POST",
    body: new URLSearchParams(form).toString(),
    headers: {
      "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
      ...(signed !== null && { "x-twilio-signature": signature }),
    },
  });
}
