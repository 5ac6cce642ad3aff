import { createClient } from "@supabase/supabase-js";
import type { Database } from "../../supabase/functions/_shared/database.types.ts";
import { parseKeyRing } from "../../supabase/functions/_shared/sealing/key-ring.ts";
import { compareKeys } from "../../supabase/functions/_shared/sealing/keys-in-use.ts";
import { fail, type Finding, ok } from "./finding.ts";
import type { Target } from "./target.ts";

const SUBJECT = "TOKEN_SEALING_KEYS";

/**
 * The key ring in our own environment, before it is deployed: a ring that lacks a key some token needs is refused here. The
 * ring that is deployed is the database's to tell. Nothing is looked at where none was given.
 */
export async function checkSealingKeys({ sealingKeys, apiUrl, secretKey }: Target): Promise<Finding[]> {
  if (sealingKeys === null) return [];
  const { data, error } = await createClient<Database>(apiUrl, secretKey).rpc("sealing_keys_in_use");
  if (error !== null) return []; // the database could not be asked, and that was told
  const inUse = data.map(({ key_id, tokens }) => ({ keyId: key_id, tokens }));
  try {
    const { current, missing, retirable } = compareKeys(parseKeyRing(sealingKeys), inUse);
    if (missing.length > 0) {
      const needed = inUse.filter(({ keyId }) => missing.includes(keyId));
      const lacking = needed.map(({ keyId, tokens }) => `"${keyId}" (needed for ${tokens})`).join(", ");
      return [
        fail(SUBJECT, `lacks ${lacking}`, "Keep these keys in it until no token needs them (docs/operations.md)"),
      ];
    }
    const spare = retirable.length === 0 ? "" : `; may go: ${retirable.map((id) => `"${id}"`).join(", ")}`;
    return [ok(SUBJECT, `"${current}" seals, and no key is missing${spare}`)];
  } catch (malformed) {
    const reason = malformed instanceof Error ? malformed.message : "is malformed";
    return [fail(SUBJECT, reason, 'Write it as {"k1":"<base64 of 32 bytes>"} (.env.example)')];
  }
}
