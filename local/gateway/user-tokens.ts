import { createLocalJWKSet, decodeJwt, importJWK, type JSONWebKeySet, type JWK, jwtVerify, SignJWT } from "jose";

/**
 * Converts user tokens. Clients have external tokens, signed with ES256 and a `kid` as on the platform. @supabase/lite
 * accepts and issues internal tokens, signed with HS256.
 */
export interface UserTokens {
  /** The public keys, served at `/auth/v1/.well-known/jwks.json`. */
  jwks: JSONWebKeySet;
  /**
   * Verifies an external token and returns an internal token with the same claims.
   * @throws JOSEError if the token is not a valid external token
   */
  toInternal(token: string): Promise<string>;
  /** Returns an external token for an internal token from the Auth API, with the claims that the platform adds. */
  toExternal(token: string, user: TokenUser | undefined): Promise<string>;
}

/** The fields of a user in an Auth API response that a token contains. */
export interface TokenUser {
  phone?: string;
  app_metadata?: Record<string, unknown>;
  user_metadata?: Record<string, unknown>;
  is_anonymous?: boolean;
}

export interface UserTokensOptions {
  signingKey: JWK & { kid: string };
  jwtSecret: string;
  /** The claim `iss`: `<apiUrl>/auth/v1`. */
  issuer: string;
}

/** Imports the signing keys of external and internal tokens. */
export async function createUserTokens({ signingKey, jwtSecret, issuer }: UserTokensOptions): Promise<UserTokens> {
  const privateKey = await importJWK(signingKey, "ES256");
  const internalKey = new TextEncoder().encode(jwtSecret);
  const jwks: JSONWebKeySet = { keys: [publicPart(signingKey)] };
  const publicKeys = createLocalJWKSet(jwks);
  return {
    jwks,
    async toInternal(token) {
      const { payload } = await jwtVerify(token, publicKeys, { algorithms: ["ES256"], issuer });
      return await new SignJWT(payload).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(internalKey);
    },
    async toExternal(token, user) {
      const claims = decodeJwt(token);
      // lite's tokens have sub, aud, role, email and session_id only. Policies and functions also read the metadata.
      const added = {
        iss: issuer,
        phone: user?.phone ?? "",
        app_metadata: user?.app_metadata ?? {},
        user_metadata: user?.user_metadata ?? {},
        aal: "aal1",
        amr: [{ method: "password", timestamp: claims.iat }],
        is_anonymous: user?.is_anonymous ?? false,
      };
      const header = { alg: "ES256", typ: "JWT", kid: signingKey.kid };
      return await new SignJWT({ ...claims, ...added }).setProtectedHeader(header).sign(privateKey);
    },
  };
}

function publicPart({ d: _private, ...key }: JWK): JWK {
  return { ...key, key_ops: ["verify"] };
}
