import assert from "node:assert/strict";
import { join } from "node:path";
import { openToken } from "../../supabase/functions/_shared/sealing/seal.ts";
import { type KeyRing, parseKeyRing } from "../../supabase/functions/_shared/sealing/key-ring.ts";
import type { Stage } from "./stage.ts";
import type { Tenant } from "./tenants.ts";

/** The stored tokens of a tenant, opened. Null when there is none. */
export interface StoredTokens {
  inUse: string;
  next: string | null;
  previous: string | null;
}

/** Opens a sealed token with the keys of the stack. */
export async function storedTokens(stage: Stage, { id, accountSid }: Tenant): Promise<StoredTokens> {
  const ring = await sealingRing(stage);
  const [row] = await stage.database.sql`
    select p.twilio_subaccount_auth_token_encrypted as in_use, r.sealed_next, r.sealed_previous
    from public.user_preferences p left join private.token_rotations r using (user_id) where user_id = ${id}`;
  assert.ok(row);
  const opened = (sealed: string | null) =>
    sealed === null ? Promise.resolve(null) : openToken(ring, id, accountSid, sealed);
  const [inUse, next, previous] = await Promise.all(
    [row["in_use"], row["sealed_next"], row["sealed_previous"]].map(opened),
  );
  assert.ok(inUse);
  return { inUse, next: next ?? null, previous: previous ?? null };
}

/** The primary token of a subaccount, as the parent account reads it. */
export async function primaryToken({ twilio }: Stage, accountSid: string): Promise<string> {
  return (await twilio.get(`/Accounts/${accountSid}.json`)).auth_token;
}

/** Whether Twilio accepts a token. */
export async function isAccepted({ state }: Stage, accountSid: string, token: string): Promise<boolean> {
  const response = await asSubaccount(state, "GET", `/2010-04-01/Accounts/${accountSid}.json`, accountSid, token);
  return response.ok;
}

/** Changes a subaccount's token in Twilio's console, without our knowledge. Returns the new token. */
export async function rotateByHand({ state }: Stage, accountSid: string, token: string): Promise<string> {
  const tokens = "/accounts.twilio.com/v1/AuthTokens";
  await asSubaccount(state, "POST", `${tokens}/Secondary`, accountSid, token);
  const promoted = await asSubaccount(state, "POST", `${tokens}/Promote`, accountSid, token);
  assert.equal(promoted.ok, true, promoted.body.message);
  return promoted.body.auth_token;
}

async function asSubaccount(
  { twilio: { url } }: Stage["state"],
  method: string,
  path: string,
  accountSid: string,
  token: string,
) {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Basic ${btoa(`${accountSid}:${token}`)}` },
  });
  return { ok: response.ok, body: await response.json() };
}

export async function sealingRing({ state: { dataDir } }: Stage): Promise<KeyRing> {
  return parseKeyRing(JSON.parse(await Deno.readTextFile(join(dataDir, "secrets.json"))).tokenSealingKeys);
}
