/** What Auth answers with a session. */
interface Expiry {
  /** The lifetime of the access token, in seconds. */
  expires_in: number;
  /** When it ends, in seconds by the server's clock. */
  expires_at: number;
}

/**
 * The answer of Auth with the end of the session by this browser's clock. By the server's, a browser whose clock is an hour
 * ahead finds each new token expired, and the Auth client renews it before every request, up to Auth's rate limit.
 */
export async function byOwnClock(response: Response, now: () => number = Date.now): Promise<Response> {
  if (!response.ok || !(response.headers.get("content-type") ?? "").includes("json")) return response;
  const body: unknown = await response.clone().json().catch(() => null);
  if (!isExpiry(body)) return response;
  const expiresAt = Math.round(now() / 1000) + body.expires_in;
  const { status, statusText, headers } = response;
  return new Response(JSON.stringify({ ...body, expires_at: expiresAt }), { status, statusText, headers });
}

function isExpiry(body: unknown): body is Expiry {
  const { expires_in: lifetime, expires_at: end } = (body ?? {}) as Partial<Expiry>;
  return typeof lifetime === "number" && typeof end === "number";
}
