import { priceCache } from "../_shared/numbers/prices.ts";
import { searchNumbers, searchSchema } from "../_shared/numbers/search.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { masterOptions, requireActive, twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";

const LIMIT = { action: "search", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** Shared by all requests of this isolate. */
const prices = priceCache();

/** Numbers on offer to the caller's own account. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const search = readQuery(request, searchSchema);
  await enforceRateLimit(LIMIT, request, context);
  const { db, env, user } = context;
  const twilio = await requireActive(twilioAccounts(context), user.id);
  // The master account pays for all tenants, so its prices are cached for every tenant.
  const pricesIn = (country: string) =>
    prices.in(country, async () => {
      const { numberPrices } = await import("../_shared/twilio/pricing.ts");
      return await numberPrices(country, masterOptions(env));
    });
  return Response.json({ numbers: await searchNumbers(search, { db, twilio, userId: user.id, pricesIn }) });
}
