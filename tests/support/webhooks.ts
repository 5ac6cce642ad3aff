import Stripe from "stripe";
import twilio from "twilio/lib/webhooks/webhooks.js";
import { type Answer, callFunction } from "../../local/driver/actor.ts";
import type { StackState } from "../../local/stack-state.ts";

/** How an event is signed. Each field defaults to Stripe's behaviour. */
export interface StripeSigning {
  secret?: string;
  /** Unix seconds. */
  timestamp?: number;
  /** The signed text, when it differs from the sent one. */
  signed?: string;
  /** The path after `stripe-webhook`. */
  path?: string;
}

/** Posts a raw event as Stripe does, signed with the SDK. */
export async function postStripeEvent(
  state: StackState,
  payload: string,
  signing: StripeSigning = {},
): Promise<Answer> {
  const { path = "" } = signing;
  const { secret = state.stripe.webhookSecret, timestamp = Math.floor(Date.now() / 1000), signed = payload } = signing;
  const header = await Stripe.webhooks.generateTestHeaderStringAsync({ payload: signed, secret, timestamp });
  return await callFunction(state, `stripe-webhook${path}`, {
    method: "POST",
    body: payload,
    headers: { "stripe-signature": header },
  });
}

/** A callback from Twilio, and what is wrong with it. */
export interface TwilioCallback {
  /** The path after `twilio-webhook/`. */
  path: string;
  form: Record<string, string>;
  /** The token that signs. */
  token: string;
  /** The signed parts, when they differ from the sent ones; null for no signature. */
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
