import { hourCache } from "../_shared/numbers/hour-cache.ts";
import { type Search, searchNumbers, searchSchema } from "../_shared/numbers/search.ts";
import type { NumberPrices } from "../_shared/twilio/pricing.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { masterOptions, requireActive, twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";

const LIMIT = { action: "search", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** Shared by all requests of this isolate. */
const prices = hourCache<NumberPrices>();
const regulated = hourCache<boolean>();

/** Numbers on offer to the caller's own account. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const search = readQuery(request, searchSchema);
  await enforceRateLimit(LIMIT, request, context);
  const { db, env, user } = context;
  const twilio = await requireActive(twilioAccounts(context), user.id);
  // The master account pays for all tenants, so its prices are cached for every tenant. Regulations are the same for all.
  const pricesIn = (country: string) =>
    prices.of(country, async () => {
      const { numberPrices } = await import("../_shared/twilio/pricing.ts");
      return await numberPrices(country, masterOptions(env));
    });
  const requiresBundle = (country: string, type: Search["type"]) =>
    regulated.of(`${country} ${type}`, async () => {
      const { isRegulated } = await import("../_shared/twilio/regulations.ts");
      return await isRegulated({ country, type }, masterOptions(env));
    });
  const dependencies = { db, twilio, userId: user.id, pricesIn, requiresBundle };
  return Response.json({ numbers: await searchNumbers(search, dependencies) });
}
