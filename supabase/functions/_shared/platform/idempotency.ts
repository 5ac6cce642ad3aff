import { ApiError } from "./errors.ts";

const EXPECTED = "must be 1 to 255 visible ASCII characters";

/**
 * The request's `Idempotency-Key`, which the caller chooses so that the request can be repeated safely. Without one, each
 * request gets a key of its own.
 * @throws ApiError `invalid_input`
 */
export function idempotencyKeyOf(request: Request): string {
  const key = request.headers.get("idempotency-key");
  if (key === null) return crypto.randomUUID();
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new ApiError("invalid_input", `Cannot accept the request: "Idempotency-Key": ${EXPECTED}`, {
    details: [{ field: "Idempotency-Key", code: "invalid_format", message: EXPECTED }],
  });
}
