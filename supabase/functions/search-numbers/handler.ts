import { searchNumbers } from "../_shared/numbers/search.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { takeAllowance } from "../_shared/platform/rate-limit.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { requireActiveSubaccount } from "../_shared/subaccounts/require-active.ts";
import { searchSchema } from "./contract.ts";

const LIMIT = { action: "search", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** Numbers on offer, as the caller's own account sees them. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const search = readQuery(request, searchSchema);
  await takeAllowance(LIMIT, request, context);
  const { twilio } = await requireActiveSubaccount(context);
  return Response.json({ numbers: await searchNumbers(search, { db: context.db, twilio, userId: context.user.id }) });
}
