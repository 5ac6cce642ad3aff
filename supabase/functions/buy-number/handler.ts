import { masterOptions, twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { buyNumber } from "../_shared/numbers/buy.ts";
import { monthlyPriceOf } from "../_shared/numbers/monthly-price.ts";
import { reserveNumber } from "../_shared/numbers/reserve.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { rateLimitArgs } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { purchaseSchema } from "./contract.ts";

const LIMIT = { action: "buy", perUser: 20, perAddress: 100, windowSeconds: 60 };

/** Reserves the number at its price, then buys it with the caller's own credentials. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const wanted = await readJson(request, purchaseSchema);
  const { db, env, user, requestId } = context;
  const { numberId, credentials, spending } = await reserveNumber(db, {
    ...wanted,
    userId: user.id,
    monthlyPrice: await monthlyPriceOf(wanted.phoneNumber, masterOptions(env)),
    rateLimit: rateLimitArgs(LIMIT, request, env),
  });
  const twilio = await twilioAccounts(context).from(credentials);
  const purchase = { ...wanted, userId: user.id, numberId };
  const number = await buyNumber(purchase, { db, twilio, publicBaseUrl: env.PUBLIC_BASE_URL, requestId });
  return Response.json({ ...number, ...(spending !== undefined && { spending }) }, { status: 201 });
}
