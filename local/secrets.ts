import { randomBytes } from "node:crypto";
import { generateApiKey } from "@supabase/lite";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { fileExists, writeSecretFile } from "./files.ts";

/** What one local project keeps to itself: made once for each data folder, so that sessions outlive a restart. */
export interface StackSecrets {
  /** Signs user tokens inside, between the gateway and the Auth and Data APIs. */
  jwtSecret: string;
  /** The private ES256 key that signs user tokens outside, with its `kid`. */
  signingKey: JWK & { kid: string };
  publishableKey: string;
  secretKey: string;
  /** The value of TOKEN_SEALING_KEYS. */
  tokenSealingKeys: string;
  /** The password of the demo users. */
  demoPassword: string;
}

/** Reads the secrets from `file`; makes them first when there is no such file. */
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
    demoPassword: "switchboard-demo",
  };
}
