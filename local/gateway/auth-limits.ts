/**
 * The rate limits of Supabase Auth, per IP address, with the defaults of a project (`[auth.rate_limit]` of config.toml).
 * Each is a token bucket: as many requests as `limit` at once, and from then on as they are refilled.
 */
const LIMITS: readonly { name: string; limit: number; matches: (path: string, grant: string | null) => boolean }[] = [
  {
    name: "sign_in_sign_ups",
    limit: 30,
    matches: (path, grant) => path === "/auth/v1/signup" || path === "/auth/v1/token" && grant !== "refresh_token",
  },
  {
    name: "token_refresh",
    limit: 150,
    matches: (path, grant) => path === "/auth/v1/token" && grant === "refresh_token",
  },
  { name: "token_verifications", limit: 30, matches: (path) => path === "/auth/v1/verify" },
];
const WINDOW_MS = 5 * 60_000;

/** Counts requests to Auth. Returns the response to one above its limit, and null for any other. */
export type AuthLimits = (request: Request, peer: string) => Response | null;

/** @param now the time in milliseconds */
export function authLimits(now: () => number = Date.now): AuthLimits {
  const buckets = new Map<string, { left: number; at: number }>();
  return (request, peer) => {
    const { pathname, searchParams } = new URL(request.url);
    const applied = LIMITS.find(({ matches }) => matches(pathname, searchParams.get("grant_type")));
    if (applied === undefined || request.method === "OPTIONS") return null;
    const { name, limit } = applied;
    const at = now();
    const bucket = buckets.get(`${name} ${peer}`) ?? { left: limit, at };
    const left = Math.min(limit, bucket.left + (at - bucket.at) * limit / WINDOW_MS);
    buckets.set(`${name} ${peer}`, { left: left < 1 ? left : left - 1, at });
    return left < 1 ? tooMany(request) : null;
  };
}

/** As Auth answers it: newer clients, which name a version of the API, get the code in another field. */
function tooMany(request: Request): Response {
  const code = "over_request_rate_limit";
  const message = "Request rate limit reached";
  const version = request.headers.get("x-supabase-api-version");
  const body = version === null ? { code: 429, error_code: code, msg: message } : { code, message };
  const headers = { "x-sb-error-code": code, ...(version !== null && { "x-supabase-api-version": version }) };
  return Response.json(body, { status: 429, headers });
}
