import { randomBytes } from "node:crypto";
import { generateApiKey } from "@supabase/lite";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { fileExists, writeSecretFile } from "./files.ts";

/** The secrets of one stack. They are generated once per data folder, so that sessions survive a restart. */
export interface StackSecrets {
  /** Signs the internal user tokens (HS256) between the gateway and the Auth and Data APIs. */
  jwtSecret: string;
  /** The private ES256 key with its `kid`. Signs the user tokens that clients receive. */
  signingKey: JWK & { kid: string };
  publishableKey: string;
  secretKey: string;
  /** The value of `TOKEN_SEALING_KEYS`. */
  tokenSealingKeys: string;
}

/** Reads the secrets from `file`. Generates and writes them if the file does not exist. */
export async function openSecrets(file: string): Promise<StackSecrets> {
  if (await fileExists(file)) return JSON.parse(await Deno.readTextFile(file)) as StackSecrets;
  const secrets = await makeSecrets();
  await writeSecretFile(file, JSON.stringify(secrets, null, 2) + "\n");
  return secrets;
}

async function makeSecrets(): Promise<StackSecrets> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return {
    jwtSecret: randomBytes(32).toString("base64url"),
    signingKey: { ...await exportJWK(privateKey), kid: crypto.randomUUID(), alg: "ES256", use: "sig" },
    publishableKey: (await generateApiKey("publishable")).key,
    secretKey: (await generateApiKey("secret")).key,
    tokenSealingKeys: JSON.stringify({ k1: randomBytes(32).toString("base64") }),
  };
}
