import { newId, newSessionId } from "./ids.ts";
import type { CheckoutLine, CheckoutSession, Metadata } from "./shapes.ts";
import { flatAmountOf, type Offered } from "./subscription.ts";

export interface SessionInput {
  /** At least one. */
  lines: Offered[];
  clientReferenceId: string | null;
  customer: string | null;
  customerEmail: string | null;
  metadata: Metadata;
  successUrl: string | null;
  cancelUrl: string | null;
  /** Set if a Payment Link opened the session. */
  paymentLink: string | null;
  created: number;
}

const NO_CUSTOM_TEXT = { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null };

/** Builds an open checkout session in subscription mode. `pageUrl` returns the URL of its page. */
export function buildSession(input: SessionInput, pageUrl: (id: string) => string): CheckoutSession {
  const id = newSessionId();
  const total = input.lines.reduce((sum, line) => sum + flatAmountOf(line), 0);
  return {
    id,
    object: "checkout.session",
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    amount_subtotal: total,
    amount_total: total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: input.cancelUrl,
    client_reference_id: input.clientReferenceId,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: input.created,
    currency: input.lines[0]!.price.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: NO_CUSTOM_TEXT,
    customer: input.customer,
    customer_account: null,
    customer_creation: input.customer ? null : "always",
    customer_details: null,
    customer_email: input.customerEmail,
    discounts: [],
    expires_at: input.created + 86_400,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: input.metadata,
    mode: "subscription",
    origin_context: null,
    payment_intent: null,
    payment_link: input.paymentLink,
    payment_method_collection: "always",
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: "automatic" } },
    payment_method_types: ["card"],
    payment_status: "unpaid",
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: {
      allow_redisplay_filters: ["always"],
      payment_method_remove: "disabled",
      payment_method_save: null,
    },
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: "open",
    submit_type: null,
    subscription: null,
    success_url: input.successUrl,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: "hosted_page",
    url: pageUrl(id),
    wallet_options: null,
  };
}

/** Builds a line item of a session. During a trial its amount is zero, as that of a metered price is. */
export function buildCheckoutLine({ price, quantity }: Offered, name: string, trial: boolean): CheckoutLine {
  const amount = trial ? 0 : flatAmountOf({ price, quantity });
  return {
    id: newId("li"),
    object: "item",
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: name,
    metadata: {},
    price,
    quantity,
  };
}
