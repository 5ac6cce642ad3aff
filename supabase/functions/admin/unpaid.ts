import type * as z from "zod";
import { completeRows, rows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { page } from "../_shared/platform/paging.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { unpaidAccountsQuery, type unpaidTotalSchema } from "./contract.ts";
import { costsSchema, numbersAtCostSchema } from "./unpaid-shape.ts";

/** Accounts without a paying tenant by user id; `next` is the cursor of the next page. */
export async function listUnpaidAccounts(request: Request, { db }: Context): Promise<Response> {
  const { after, limit } = readQuery(request, unpaidAccountsQuery);
  const found = await completeRows(db, "list_unpaid_accounts", { p_after: after ?? null, p_limit: limit }, [
    "subaccount_sid",
    "account_status",
  ]);
  const { items: accounts, next } = page(
    found,
    limit,
    ({ user_id: userId, reason, subaccount_sid: subaccountSid, account_status: status, costs, numbers }) => ({
      userId,
      reason,
      subaccountSid,
      status,
      costs: costsSchema.parse(costs),
      numbers: numbersAtCostSchema.parse(numbers).map((number) => ({ ...number, leavesAt: isoOf(number.leavesAt) })),
    }),
    (last) => last.user_id,
  );
  return Response.json({ accounts, next });
}

/** The monthly cost of all accounts without a paying tenant, by currency. */
export async function showUnpaidTotal(_request: Request, { db }: Context): Promise<Response> {
  const totals = await rows(db, "unpaid_account_total", {});
  return Response.json(
    {
      totals: totals.map(({ price_unit, accounts, numbers, unpriced, monthly_cost }) => ({
        currency: price_unit,
        accounts,
        numbers,
        unpriced,
        monthlyCost: String(monthly_cost),
      })),
    } satisfies z.output<typeof unpaidTotalSchema>,
  );
}
