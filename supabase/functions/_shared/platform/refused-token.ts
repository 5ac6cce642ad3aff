import { fromBase64Url } from "./encoding.ts";

/** Why a token is no user token of this project, for programs and for people. */
export interface TokenFault {
  code: "publishable_key" | "secret_key" | "legacy_api_key" | "legacy_jwt_secret";
  message: string;
}

const USER_TOKEN = "the access token of a signed-in user as Authorization: Bearer";

/**
 * What a token that was refused is, as far as it says so itself; null for any other token. Its content is not verified, so
 * this only explains a refusal.
 */
export function faultOf(token: string | null): TokenFault | null {
  if (token === null) return null;
  if (token.startsWith("sb_publishable_")) {
    return {
      code: "publishable_key",
      message: `a publishable key is no user token: send it as apikey, and ${USER_TOKEN}`,
    };
  }
  if (token.startsWith("sb_secret_")) {
    return {
      code: "secret_key",
      message: `a secret key acts for no user: keep it on your servers, and send ${USER_TOKEN}`,
    };
  }
  const [header, claims] = token.split(".").map(readPart);
  const role = claims?.["role"];
  if (role === "anon" || role === "service_role") {
    return {
      code: "legacy_api_key",
      message:
        `the legacy ${role} key is no user token: send the project's publishable key as apikey, and ${USER_TOKEN}`,
    };
  }
  if (header?.["alg"] !== "HS256") return null;
  return {
    code: "legacy_jwt_secret",
    message:
      "the token is signed with the project's old HS256 secret: move the project to asymmetric JWT signing keys " +
      "(Settings → JWT Keys: migrate the secret, then rotate to the new key), and sign in again",
  };
}

/** The header or the claims of a token; null when it is no JWT. */
function readPart(part: string): Record<string, unknown> | null {
  try {
    const value = JSON.parse(new TextDecoder().decode(fromBase64Url(part)));
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
