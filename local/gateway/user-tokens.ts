import { createLocalJWKSet, decodeJwt, importJWK, type JSONWebKeySet, type JWK, jwtVerify, SignJWT } from "jose";

/** The two signatures of a user token: ES256 with a `kid` outside, as on the platform, and HS256 inside, as lite wants it. */
export interface UserTokens {
  /** The public keys, as served at `/auth/v1/.well-known/jwks.json`. */
  jwks: JSONWebKeySet;
  /** Verifies a token from outside and signs its claims for the inside. Throws a `JOSEError` for any other token. */
  admit(token: string): Promise<string>;
  /** Signs a token that the Auth API just made for the outside, with the claims the platform adds. */
  release(token: string, user: TokenUser | undefined): Promise<string>;
}

/** The part of a user, as the Auth API answers it, that a token carries. */
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

/** Prepares the keys of both sides. */
export async function createUserTokens({ signingKey, jwtSecret, issuer }: UserTokensOptions): Promise<UserTokens> {
  const privateKey = await importJWK(signingKey, "ES256");
  const inside = new TextEncoder().encode(jwtSecret);
  const jwks: JSONWebKeySet = { keys: [publicPart(signingKey)] };
  const publicKeys = createLocalJWKSet(jwks);
  return {
    jwks,
    async admit(token) {
      const { payload } = await jwtVerify(token, publicKeys, { algorithms: ["ES256"], issuer });
      return await new SignJWT(payload).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(inside);
    },
    async release(token, user) {
      const claims = decodeJwt(token);
      // lite signs no more than sub, aud, role, email and session_id; policies and functions read the metadata too.
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
