import { verifyCredentials } from "@supabase/server/core";
import type { Env } from "./env.ts";
import { ApiError } from "./errors.ts";
import { isUuid } from "./ids.ts";
import { faultOf, type TokenFault } from "./refused-token.ts";

/**
 * The callers that an endpoint may have: a signed-in user, a user whose `app_metadata.role` is operator, or the scheduler
 * with its secret key. `none` is for webhooks, whose handlers verify signatures.
 */
export type Auth = "user" | "operator" | "secret" | "none";

export interface User {
  /** Empty for an endpoint without a user. */
  id: string;
  email: string | undefined;
  /** Whether the user signed in without an email address or another identity. */
  isAnonymous: boolean;
}

export interface Caller {
  user: User;
  /** The user's token; null for an endpoint without a user. */
  token: string | null;
}

/** The `aud` and the `role` of every user token of Supabase Auth. A service's or an anonymous key's token has another role. */
const AUTHENTICATED = "authenticated";

/**
 * Verifies the request's credential.
 * @throws ApiError `unauthorized`, or for an endpoint of operators `forbidden` and `mfa_required`
 */
export async function callerOf(request: Request, auth: Auth, env: Env): Promise<Caller> {
  const credentials = { token: bearerOf(request), apikey: request.headers.get("apikey") };
  const { data, error } = await verifyCredentials(credentials, {
    auth: auth === "operator" ? "user" : auth === "secret" ? `secret:${schedulerKeyOf(env).name}` : auth,
    audience: AUTHENTICATED,
    issuer: issuersOf(env),
  });
  if (error !== null) {
    // First: a project that still signs with its old secret may have no public keys to verify a token with.
    const fault = faultOf(credentials.token);
    if (error.status >= 500 && fault === null) throw error;
    throw unauthorized(auth, fault);
  }
  const claims = data.jwtClaims;
  const user = {
    id: data.userClaims?.id.toLowerCase() ?? "",
    email: data.userClaims?.email,
    isAnonymous: claims?.["is_anonymous"] === true,
  };
  if (auth === "user" || auth === "operator") {
    // A valid token need not belong to a user. Without a user's id the first query would fail.
    if (claims?.role !== AUTHENTICATED || !isUuid(user.id)) throw unauthorized(auth, faultOf(data.token));
  }
  if (auth === "operator") requireOperator(data.userClaims?.appMetadata, claims?.["aal"], env);
  return { user, token: data.token };
}

/** The token of `Authorization: Bearer`. HTTP compares the scheme in any case (RFC 9110), which `@supabase/server` does not. */
function bearerOf(request: Request): string | null {
  return /^bearer[ \t]+(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? null;
}

/** Only the service can write app_metadata. A user can write their user_metadata, so that proves nothing. */
function requireOperator(appMetadata: Record<string, unknown> | undefined, level: unknown, env: Env): void {
  if (appMetadata?.["role"] !== "operator") {
    throw new ApiError("forbidden", "Cannot do this: only an operator can");
  }
  if (env.OPERATOR_MFA === "required" && level !== "aal2") {
    throw new ApiError("mfa_required", "Cannot do this: sign in with a second factor, which OPERATOR_MFA requires");
  }
}

function issuersOf({ AUTH_ISSUERS, SUPABASE_URL }: Env): string[] {
  return AUTH_ISSUERS.length > 0 ? [...AUTH_ISSUERS] : [`${SUPABASE_URL}/auth/v1`];
}

/** The secret key with which `run-jobs` is called: the one named `scheduler` where the project has it. */
export function schedulerKeyOf(
  { SUPABASE_SECRET_KEYS, SUPABASE_SECRET_KEY }: Env,
): { name: "scheduler" | "default"; key: string | null } {
  const keys = SUPABASE_SECRET_KEYS === undefined ? { default: SUPABASE_SECRET_KEY } : keysIn(SUPABASE_SECRET_KEYS);
  const name = keys.scheduler === undefined ? "default" : "scheduler";
  return { name, key: keys[name] ?? null };
}

/** The platform sets `{"default": "sb_secret_…"}`, with further keys under their names. */
function keysIn(json: string): Partial<Record<string, string>> {
  try {
    return JSON.parse(json) ?? {};
  } catch {
    return {};
  }
}

function unauthorized(auth: Auth, fault: TokenFault | null): ApiError {
  if (auth === "secret") {
    return new ApiError("unauthorized", "Cannot accept this call: send the scheduler's secret key as apikey");
  }
  if (fault === null) {
    return new ApiError(
      "unauthorized",
      "Cannot tell who is calling: send a valid, unexpired user token as Authorization: Bearer",
    );
  }
  return new ApiError("unauthorized", `Cannot tell who is calling: ${fault.message}`, {
    details: [{ field: "Authorization", code: fault.code }],
  });
}
