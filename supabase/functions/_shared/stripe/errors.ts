import { ApiError } from "../platform/errors.ts";

/** What the SDK throws. It is recognised by its shape, because the SDK is loaded on first use. */
export interface StripeFailure extends Error {
  type: string;
  code?: string;
  /** The parameter that Stripe refused, such as `customer` or `line_items[0][price]`. */
  param?: string;
  statusCode?: number;
}

export function isStripeFailure(error: unknown): error is StripeFailure {
  return error instanceof Error && "type" in error && typeof error.type === "string" && error.type.startsWith("Stripe");
}

/** Whether Stripe does not know the object that `param` names, or the one in the URL (`id`). */
export function isMissingAtStripe(error: unknown, param = "id"): boolean {
  return isStripeFailure(error) && error.code === "resource_missing" && (error.param ?? "id") === param;
}

/** Whether Stripe answered that an object of the call does not exist for this key, whichever parameter named it. */
export function isUnknownAtStripe(error: unknown): boolean {
  if (!isStripeFailure(error) || error.type !== "StripeInvalidRequestError") return false;
  return error.code === "resource_missing" || error.statusCode === 404;
}

/** @returns null for an object that Stripe does not know for our key */
export async function unlessUnknown<Read>(read: () => Promise<Read>): Promise<Read | null> {
  try {
    return await read();
  } catch (error) {
    if (isUnknownAtStripe(error)) return null;
    throw error;
  }
}

/** Without a response or with a 5xx, the call may have had its effect. 409: the same write is in progress. */
function isTransient({ type, statusCode = 0 }: StripeFailure): boolean {
  return type === "StripeConnectionError" || type === "StripeRateLimitError" || statusCode === 409 || statusCode >= 500;
}

/** The error to answer with for a failed call to Stripe. Other errors are returned unchanged. */
export function answerableStripeError(error: unknown): unknown {
  if (!isStripeFailure(error)) return error;
  if (isTransient(error)) {
    return new ApiError("stripe_unavailable", "Cannot reach Stripe just now: try again", {
      cause: error,
      headers: { "retry-after": "5" },
    });
  }
  return new ApiError("stripe_misconfigured", "Cannot do this: the platform's Stripe account refuses the call", {
    cause: error,
  });
}
