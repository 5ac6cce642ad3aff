import { corsHeaders as SUPABASE } from "@supabase/supabase-js/cors";

const METHODS = "GET, POST, OPTIONS";
/** What supabase-js sends, what it adds to choose a region, and what the contracts read. */
const HEADERS = [SUPABASE["Access-Control-Allow-Headers"], "x-region", "idempotency-key", "range"].join(", ");
const EXPOSED = "x-request-id, retry-after, idempotent-replayed, content-disposition, content-range, x-next-cursor";

/**
 * CORS headers for one request, from the configured list of origins (`*` allows all). An origin that is not listed gets no
 * permission, so the browser withholds the response from the page.
 */
export function corsHeaders(request: Request, allowedOrigins: readonly string[]): Record<string, string> {
  const origin = request.headers.get("origin");
  if (origin === null) return {};
  const allowed = allowedOrigins.includes("*") ? "*" : allowedOrigins.find((listed) => listed === origin);
  if (allowed === undefined) return { vary: "Origin" };
  return {
    "access-control-allow-origin": allowed,
    "access-control-allow-methods": METHODS,
    "access-control-allow-headers": HEADERS,
    "access-control-expose-headers": EXPOSED,
    "access-control-max-age": "600",
    vary: "Origin",
  };
}
