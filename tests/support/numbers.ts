import assert from "node:assert/strict";
import type { Actor } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import type { PhoneNumber } from "../../supabase/functions/_shared/numbers/shape.ts";
import type { Stage } from "./stage.ts";
import { allow, freshNumber, provisioned, type Tenant } from "./tenants.ts";

/** A tenant with a subaccount and a given count of numbers, the first one primary. */
export interface Owner extends Tenant {
  numbers: PhoneNumber[];
}

export async function ownerOf(stage: Stage, name: string, count: number): Promise<Owner> {
  const tenant = await provisioned(stage, name);
  await allow(stage, tenant, { numbers: 20 });
  const numbers: PhoneNumber[] = [];
  for (let n = 0; n < count; n++) numbers.push(await bought(tenant));
  return { ...tenant, numbers };
}

/** Buys a number, and returns it as in the response. */
export async function bought(tenant: Actor, phoneNumber = freshNumber()): Promise<PhoneNumber> {
  const { status, body } = await tenant.call("buy-number", { body: { phoneNumber } });
  assert.equal(status, 201, body.message);
  return body;
}

export interface StoredNumber {
  phone_number: string;
  phone_sid: string | null;
  status: string;
  is_primary: boolean;
}

/** A tenant's rows, oldest first. */
export async function rowsOf({ database }: Stage, { id }: Pick<Actor, "id">): Promise<StoredNumber[]> {
  const rows = await database.sql<StoredNumber[]>`
    select phone_number, phone_sid, status, is_primary from public.user_twilio_numbers
    where user_id = ${id} order by created_at, id`;
  return rows.map((row) => ({ ...row }));
}

/** The stored price of a tenant's only number, which was not bought here: taking it in wakes the job that reads the price. */
export async function listedPriceOf({ database }: Stage, { id }: Pick<Actor, "id">): Promise<number> {
  return await eventually("the listed price to be read", async () => {
    const [held] = await database.sql<{ price: number | null; is_purchase: boolean }[]>`
      select monthly_price::float8 as price, is_purchase from private.number_purchases where user_id = ${id}`;
    assert.equal(held?.is_purchase, false);
    return held.price ?? undefined;
  });
}

/** A tenant's audit lines with one action, oldest first. */
export async function trailOf({ database }: Stage, { id }: Pick<Actor, "id">, action: string) {
  const lines = await database.sql<{ actor: string; details: Record<string, unknown> }[]>`
    select actor, details from public.audit_log where user_id = ${id} and action = ${action} order by id`;
  return lines.map(({ actor, details }) => ({ actor, ...details }));
}

/** The requests to Twilio that change the numbers of an account. */
export async function writesAtTwilio({ twilio }: Stage, accountSid: string, since = 0) {
  const path = `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers`;
  return (await twilio.requests(since)).filter((request) => request.method !== "GET" && request.path.startsWith(path));
}

/** The id of the last request that has reached Twilio. */
export async function lastRequest({ twilio }: Stage): Promise<number> {
  return (await twilio.requests()).at(-1)?.id ?? 0;
}

/** The webhook URL for texts to a tenant's numbers. */
export function inboundUrlOf({ state }: Stage, { id }: Pick<Actor, "id">): string {
  return `${state.apiUrl}/functions/v1/twilio-webhook/inbound/${id}#rc=5&rp=all`;
}
