import { twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { beginRelease } from "../_shared/numbers/begin-release.ts";
import { releaseNumber } from "../_shared/numbers/release.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { releaseSchema } from "./contract.ts";

const LIMIT = { action: "release", perUser: 20, perAddress: 100, windowSeconds: 60 };

/** Marks the number as being released, then deletes it at Twilio with the caller's own credentials. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const wanted = await readJson(request, releaseSchema);
  await enforceRateLimit(LIMIT, request, context);
  const { db, user, requestId } = context;
  const begun = await beginRelease(db, { ...wanted, userId: user.id });
  if (begun.outcome === "released") return Response.json(begun.result);
  const twilio = await twilioAccounts(context).from(begun.credentials);
  return Response.json(await releaseNumber(begun.release, { db, twilio, requestId }));
}
