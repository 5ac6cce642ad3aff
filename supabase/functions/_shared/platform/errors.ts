/** Every error code and its HTTP status. Clients switch on the code, never on the message. */
export const ERROR_STATUS = {
  // The request itself
  invalid_json: 400,
  invalid_input: 400,
  invalid_signature: 400,
  unauthorized: 401,
  forbidden: 403,
  mfa_required: 403,
  not_found: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  rate_limited: 429,
  unsupported_media_type: 415,
  // The tenant and their subaccount
  subscription_required: 403,
  subaccount_suspended: 403,
  subaccount_closed: 403,
  subaccount_required: 409,
  subaccount_pending: 409,
  subaccount_limit_reached: 503,
  // Buying a subscription
  permanent_user_required: 403,
  plan_not_found: 404,
  plan_not_for_sale: 422,
  subscription_exists: 409,
  checkout_replaced: 409,
  billing_not_set_up: 503,
  subscription_not_changeable: 409,
  billing_customer_not_found: 404,
  subscription_not_found: 404,
  subscription_over: 409,
  canceled_by_operator: 403,
  email_not_confirmed: 403,
  customer_email_differs: 403,
  user_not_confirmed: 403,
  // Numbers
  number_not_owned: 403,
  number_required: 409,
  alert_settled: 409,
  ambiguous_email: 409,
  plan_superseded: 409,
  price_taken: 409,
  number_taken: 409,
  number_limit_reached: 403,
  number_over_limit: 403,
  number_price_limit_reached: 403,
  purchase_limit_reached: 429,
  price_unavailable: 503,
  number_purchase_in_progress: 409,
  number_release_in_progress: 409,
  number_release_unknown: 503,
  number_not_available: 422,
  regulatory_information_required: 422,
  // Messages
  invalid_recipient: 422,
  invalid_sender: 422,
  recipient_opted_out: 403,
  destination_not_enabled: 403,
  body_too_long: 422,
  idempotency_key_reused: 409,
  message_limit_reached: 429,
  spend_limit_reached: 402,
  message_outcome_unknown: 503,
  no_valid_recipients: 422,
  too_many_opt_outs: 409,
  too_many_recipients: 409,
  campaign_over: 409,
  campaign_not_over: 409,
  nothing_to_retry: 409,
  too_many_contacts: 409,
  settings_changed: 409,
  // Media of received messages
  link_expired: 403,
  media_gone: 410,
  media_too_large: 422,
  // Forward webhooks
  webhook_changed: 409,
  webhook_not_answering: 422,
  webhook_not_enabled: 409,
  webhook_not_pending: 409,
  delivery_pending: 409,
  // Twilio, Stripe and ourselves
  twilio_refused: 422,
  twilio_throttled: 429,
  twilio_unavailable: 503,
  twilio_misconfigured: 502,
  stripe_unavailable: 503,
  stripe_misconfigured: 502,
  database_unavailable: 503,
  internal_error: 500,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** One detail of an error, for programs: the offending field, Twilio's own code, a limit. */
export type ErrorDetail = Readonly<Record<string, string | number | boolean | null>>;

export interface ApiErrorOptions {
  details?: readonly ErrorDetail[];
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/**
 * An error that a request is answered with on purpose. The message is written for the caller: what could not be done and
 * why, with the value quoted and no final period. It contains no internal text.
 */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** The error for a caller over a rate limit, with Retry-After. */
export function rateLimited(retryAfterSeconds: number): ApiError {
  const wait = Math.max(1, retryAfterSeconds);
  return new ApiError("rate_limited", `Cannot do this so often: wait ${wait} seconds`, {
    headers: { "retry-after": String(wait) },
  });
}
