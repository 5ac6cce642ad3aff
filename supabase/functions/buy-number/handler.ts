import { masterOptions, twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { buyNumber } from "../_shared/numbers/buy.ts";
import { highestPrice, priceCache } from "../_shared/numbers/prices.ts";
import { reserveNumber } from "../_shared/numbers/reserve.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import type { Env } from "../_shared/platform/env.ts";
import { rateLimitArgs } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { purchaseSchema } from "./contract.ts";

const LIMIT = { action: "buy", perUser: 20, perAddress: 100, windowSeconds: 60 };

/** Shared by all requests of this isolate. A purchase needs its price, so it waits longer than a search. */
const prices = priceCache({ timeoutMs: 5_000 });

/** Reserves the number at its price, then buys it with the caller's own credentials. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const wanted = await readJson(request, purchaseSchema);
  const { db, env, user, requestId } = context;
  const { numberId, credentials, spending } = await reserveNumber(db, {
    ...wanted,
    userId: user.id,
    monthlyPrice: await monthlyPriceOf(wanted.phoneNumber, env),
    rateLimit: rateLimitArgs(LIMIT, request, env),
  });
  const twilio = await twilioAccounts(context).from(credentials);
  const purchase = { ...wanted, userId: user.id, numberId };
  const number = await buyNumber(purchase, { db, twilio, publicBaseUrl: env.PUBLIC_BASE_URL, requestId });
  return Response.json({ ...number, ...(spending !== undefined && { spending }) }, { status: 201 });
}

/** The monthly price of a number at Twilio; null if it is not known. The master account pays, so its prices count. */
async function monthlyPriceOf(phoneNumber: string, env: Env): Promise<number | null> {
  const [{ numberTypeOf }, { numberPrices }] = await Promise.all([
    import("../_shared/numbers/number-type.ts"),
    import("../_shared/twilio/pricing.ts"),
  ]);
  const type = numberTypeOf(phoneNumber);
  if (type === null) return null;
  const known = await prices.in(type.country, () => numberPrices(type.country, masterOptions(env)));
  return known === null ? null : highestPrice(known, type.types);
}
