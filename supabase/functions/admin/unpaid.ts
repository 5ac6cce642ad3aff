import type * as z from "zod";
import { completeCompositesFrom, decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { unpaidAccountsQuery, type unpaidTotalSchema } from "./contract.ts";
import { costsSchema, numbersAtCostSchema } from "./unpaid-shape.ts";

/** Accounts without a paying tenant by user id; `next` is the cursor of the next page. */
export async function listUnpaidAccounts(request: Request, { db }: Context): Promise<Response> {
  const { after, limit } = readQuery(request, unpaidAccountsQuery);
  const listed = await decide(db, "list_unpaid_accounts", { p_after: after ?? null, p_limit: limit });
  const found = completeCompositesFrom("unpaid_cost", listed.accounts, [
    "subaccount_sid",
    "account_status",
  ]);
  const accounts = found.map((
    { user_id: userId, reason, subaccount_sid: subaccountSid, account_status: status, costs, numbers },
  ) => ({
    userId,
    reason,
    subaccountSid,
    status,
    costs: costsSchema.parse(costs),
    numbers: numbersAtCostSchema.parse(numbers).map((number) => ({ ...number, leavesAt: isoOf(number.leavesAt) })),
  }));
  return Response.json({ accounts, next: listed.next_id });
}

/** The monthly cost of all accounts without a paying tenant, by currency, as a job counted it last. */
export async function showUnpaidTotal(_request: Request, { db }: Context): Promise<Response> {
  return Response.json(await decide(db, "unpaid_account_total", {}) as z.output<typeof unpaidTotalSchema>);
}
