import { join } from "node:path";
import { generateKeyPair, importJWK, type JWK, SignJWT, UnsecuredJWT } from "jose";
import type { StackState } from "../../local/stack-state.ts";

interface Claims {
  sub?: string;
  email?: string;
  role?: string;
  aud?: string;
  iss?: string;
  aal?: "aal1" | "aal2";
  is_anonymous?: boolean;
  app_metadata?: Record<string, unknown>;
}

/** A user token as the platform signs it, with the given `claims`, valid until `expires` (in jose's format). */
export async function tokenFor(state: StackState, claims: Claims, expires = "1h"): Promise<string> {
  const key = await signingKeyOf(state);
  return await sign(claims, expires, state, await importJWK(key, "ES256"), key.kid);
}

/** The same token signed with a different key under the same key id. */
export async function forgedToken(state: StackState, claims: Claims): Promise<string> {
  const { privateKey } = await generateKeyPair("ES256");
  return await sign(claims, "1h", state, privateKey, (await signingKeyOf(state)).kid);
}

/** A token whose header says that it needs no signature. */
export function unsignedToken({ apiUrl }: StackState, claims: Claims): string {
  return new UnsecuredJWT({ ...claims }).setIssuer(`${apiUrl}/auth/v1`).setExpirationTime("1h").encode();
}

type SigningKey = Parameters<SignJWT["sign"]>[0];

function sign(claims: Claims, expires: string, { apiUrl }: StackState, key: SigningKey, kid: string): Promise<string> {
  return new SignJWT({ role: "authenticated", aud: "authenticated", iss: `${apiUrl}/auth/v1`, ...claims })
    .setProtectedHeader({ alg: "ES256", typ: "JWT", kid })
    .setIssuedAt("-2h").setExpirationTime(expires).sign(key);
}

async function signingKeyOf({ dataDir }: StackState): Promise<JWK & { kid: string }> {
  return JSON.parse(await Deno.readTextFile(join(dataDir, "secrets.json"))).signingKey;
}
