import { decodeJwt, decodeProtectedHeader } from "jose";
import { fail, type Finding, ok, warn } from "./finding.ts";
import type { Target } from "./target.ts";

const TIMEOUT_MS = 20_000;

/** Whether the functions accept a real user token, and run-jobs only the scheduler's own key. Nothing is changed. */
export async function checkAuth(target: Target): Promise<Finding[]> {
  return await Promise.all([checkSigningKeys(target), checkUserToken(target), checkSchedulerKey(target)]);
}

const MIGRATE =
  "Move the project to asymmetric JWT signing keys under Settings → JWT Keys: migrate the secret, then rotate " +
  "to the new key, and sign in again";

/** A project without a public key signs its users' tokens with the old secret, and the functions accept none of them. */
async function checkSigningKeys({ apiUrl }: Target): Promise<Finding> {
  const subject = "signing keys";
  const url = `${apiUrl}/auth/v1/.well-known/jwks.json`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    .then((response) => response.json() as Promise<{ keys?: { alg?: string }[] }>).catch(() => null);
  if (!Array.isArray(answer?.keys)) return warn(subject, "could not be read", `Is ${url} reachable from here?`);
  const algorithms = answer.keys.map(({ alg }) => alg);
  return algorithms.some((alg) => alg !== "HS256")
    ? ok(subject, `user tokens can be verified with public keys (${algorithms.join(", ")})`)
    : fail(subject, "there is no public key: user tokens are signed with the project's old HS256 secret", MIGRATE);
}

async function checkUserToken(target: Target): Promise<Finding> {
  const { accessToken } = target;
  const subject = "user token";
  if (accessToken === null) {
    return warn(subject, "was not checked", "Set VERIFY_ACCESS_TOKEN to the access token of any signed-in user");
  }
  const { header, claims } = decode(accessToken);
  if (claims === null) return fail(subject, "VERIFY_ACCESS_TOKEN is not a JWT", "Use the access_token of a session");
  const { status } = await call(target, "provision-subaccount", { authorization: `Bearer ${accessToken}` });
  if (status === 200) return ok(subject, `the functions accept tokens of ${claims["iss"]}`);
  return fail(
    subject,
    `the functions answer ${status} to a token of "${claims["iss"]}"`,
    nextStep(target, header, claims),
  );
}

function nextStep({ apiUrl }: Target, header: Json, claims: Json): string {
  if (claims["role"] === "anon" || claims["role"] === "service_role") {
    return "It is a legacy API key: set VERIFY_ACCESS_TOKEN to the access token of any signed-in user";
  }
  if (header["alg"] === "HS256" || header["kid"] === undefined) {
    return `It is signed with the project's old HS256 secret. ${MIGRATE}`;
  }
  if (typeof claims["exp"] === "number" && claims["exp"] * 1000 < Date.now()) return "It has expired: use a new one";
  if (claims["iss"] !== `${apiUrl}/auth/v1`) return `Set AUTH_ISSUERS to include ${claims["iss"]}`;
  return "Compare its aud and role with docs/security.md, and its key with the project's JWKS";
}

/** An empty body: run-jobs refuses it after it has accepted the key, and does nothing. */
async function checkSchedulerKey(target: Target): Promise<Finding> {
  const subject = "scheduler key";
  const { status } = await call(target, "run-jobs", { apikey: target.secretKey }, "{}");
  if (status === 401) return ok(subject, "run-jobs refuses the key that was given here: the scheduler has its own");
  if (target.kind === "local") return ok(subject, "the local scheduler shares the project's secret key");
  return warn(
    subject,
    "run-jobs accepts SUPABASE_SECRET_KEY, which the functions use as well",
    'Make a secret key named "scheduler" under Settings → API keys, and store it in Vault as switchboard_secret_key',
  );
}

async function call(
  { apiUrl }: Target,
  name: string,
  headers: HeadersInit,
  body?: string,
): Promise<{ status: number }> {
  const response = await fetch(`${apiUrl}/functions/v1/${name}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { ...headers, "content-type": "application/json" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body !== undefined && { body }),
  }).catch(() => null);
  await response?.body?.cancel();
  return { status: response?.status ?? 0 };
}

type Json = Record<string, unknown>;

/** The content of a token, for the report alone. The functions verify it. */
function decode(token: string): { header: Json; claims: Json | null } {
  try {
    const { kid, alg } = decodeProtectedHeader(token);
    return { header: { kid, alg }, claims: decodeJwt(token) };
  } catch {
    return { header: {}, claims: null };
  }
}
