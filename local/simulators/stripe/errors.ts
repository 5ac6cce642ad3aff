/** An error response of Stripe: `{ error: { type, code, message, param } }` with an HTTP status. */
export class StripeApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: { type: string; message: string; code?: string; param?: string },
    readonly headers: Record<string, string> = {},
  ) {
    super(body.message);
  }
}

/** Returns a 400 `invalid_request_error`. */
export function invalidRequest(message: string, param?: string, code?: string): StripeApiError {
  return new StripeApiError(400, {
    type: "invalid_request_error",
    message,
    ...(code !== undefined ? { code } : {}),
    ...(param !== undefined ? { param } : {}),
  });
}

/** Returns the error for a missing object: 404 if the URL contains its id, 400 if a parameter does. */
export function noSuch(kind: string, id: string, param = "id"): StripeApiError {
  return new StripeApiError(param === "id" ? 404 : 400, {
    type: "invalid_request_error",
    code: "resource_missing",
    message: `No such ${kind}: '${id}'`,
    param,
  });
}
