import { rows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { deadLettersQuery, tenantsQuery } from "./contract.ts";

/** Tenants by id; `next` is where to go on. */
export async function listTenants(request: Request, { db }: Context): Promise<Response> {
  const { after, limit } = readQuery(request, tenantsQuery);
  const tenants = await rows(db, "list_tenants", { p_after: after ?? null, p_limit: limit });
  return Response.json({
    tenants: tenants.map((tenant) => ({
      userId: tenant.user_id,
      wanted: tenant.wanted,
      status: tenant.status,
      subaccountSid: tenant.subaccount_sid,
      friendlyName: tenant.friendly_name,
      operatorHold: tenant.operator_hold,
      suspendedAtTwilio: tenant.suspended_at_twilio ?? false,
      requestedAt: isoOf(tenant.requested_at),
      userDeletedAt: isoOf(tenant.user_deleted_at),
      lastError: tenant.last_error,
      convergedAt: isoOf(tenant.converged_at),
      numbers: tenant.numbers,
    })),
    next: tenants.length === limit ? tenants.at(-1)?.user_id ?? null : null,
  });
}

/** Jobs that gave up, newest first; `next` is where to go on. */
export async function listDeadLetters(request: Request, { db }: Context): Promise<Response> {
  const { before, limit } = readQuery(request, deadLettersQuery);
  const letters = await rows(db, "list_dead_letters", { p_before: before ?? null, p_limit: limit });
  return Response.json({
    deadLetters: letters.map(({ letter_id, job, error, buried_at }) => ({
      id: letter_id,
      job,
      error,
      buriedAt: isoOf(buried_at),
    })),
    next: letters.length === limit ? letters.at(-1)?.letter_id ?? null : null,
  });
}
