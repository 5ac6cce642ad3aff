import * as z from "zod";
import { ApiError } from "../platform/errors.ts";

/** Stripe replaces it in a success URL by the id of the session. */
const SESSION_ID = "{CHECKOUT_SESSION_ID}";
const EXPECTED = "must be a URL whose origin is listed in ALLOWED_ORIGINS, without a user name";

/**
 * Where Stripe's pages lead back to: only to pages of the platform. `*` in ALLOWED_ORIGINS lists no origin, because a checkout
 * that leads to any page would lend Stripe's name to it.
 */
export function returnUrl(allowedOrigins: readonly string[]) {
  return z.string().max(2048).refine((url) => isAllowed(url, allowedOrigins), EXPECTED)
    .transform(normalised).optional();
}

function isAllowed(text: string, allowedOrigins: readonly string[]): boolean {
  const url = URL.parse(text);
  // URLs that no browser opens as a page, such as javascript:, have the origin "null".
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return allowedOrigins.includes(url.origin) && url.username === "" && url.password === "";
}

/** The URL as it was checked: Stripe could read the caller's own spelling in another way. */
function normalised(text: string): string {
  return new URL(text).href.replaceAll(encodeURI(SESSION_ID), SESSION_ID);
}

/** The first listed origin, for a request without a URL. @throws ApiError `invalid_input` when none is listed */
export function defaultReturnUrl(allowedOrigins: readonly string[], field: string): string {
  const origin = allowedOrigins.find((listed) => listed !== "*");
  if (origin !== undefined) return `${origin}/`;
  const message = "is required, because ALLOWED_ORIGINS lists no origin";
  throw new ApiError("invalid_input", `Cannot accept the request: "${field}": ${message}`, {
    details: [{ field, code: "required", message }],
  });
}
