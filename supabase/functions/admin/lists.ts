import { rows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { page } from "../_shared/platform/paging.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { deadLettersQuery, tenantsQuery } from "./contract.ts";

/** Tenants by id; `next` is the cursor of the next page. */
export async function listTenants(request: Request, { db }: Context): Promise<Response> {
  const { after, limit } = readQuery(request, tenantsQuery);
  const tenants = await rows(db, "list_tenants", { p_after: after ?? null, p_limit: limit });
  const { items, next } = page(
    tenants,
    limit,
    (tenant) => ({
      userId: tenant.user_id,
      wanted: tenant.wanted,
      status: tenant.status,
      subaccountSid: tenant.subaccount_sid,
      friendlyName: tenant.friendly_name,
      operatorHold: tenant.operator_hold,
      suspendedAtTwilio: tenant.suspended_at_twilio,
      requestedAt: isoOf(tenant.requested_at),
      userDeletedAt: isoOf(tenant.user_deleted_at),
      lastError: tenant.last_error,
      convergedAt: isoOf(tenant.converged_at),
      numbers: tenant.numbers,
    }),
    (last) => last.user_id,
  );
  return Response.json({ tenants: items, next });
}

/** Dead letters, newest first; `next` is the cursor of the next page. */
export async function listDeadLetters(request: Request, { db }: Context): Promise<Response> {
  const { before, limit } = readQuery(request, deadLettersQuery);
  const letters = await rows(db, "list_dead_letters", { p_before: before ?? null, p_limit: limit });
  const { items: deadLetters, next } = page(
    letters,
    limit,
    ({ letter_id, lane, job, error, moved_at }) => ({ id: letter_id, lane, job, error, buriedAt: isoOf(moved_at) }),
    (last) => last.letter_id,
  );
  return Response.json({ deadLetters, next });
}
