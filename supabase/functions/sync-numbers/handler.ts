import { ownNumbers } from "../_shared/numbers/list.ts";
import { type NumberChange, syncNumbers } from "../_shared/numbers/sync.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { expectNoBody } from "../_shared/platform/request.ts";
import { twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { accountStatusError } from "../_shared/accounts/status.ts";
import { errorOfFailure } from "../_shared/twilio/errors.ts";

const LIMIT = { action: "sync", perUser: 10, perAddress: 50, windowSeconds: 60 };

/** Syncs the caller's numbers with Twilio now, before the hourly sync. */
export async function handle(request: Request, context: Context): Promise<Response> {
  await expectNoBody(request);
  await enforceRateLimit(LIMIT, request, context);
  const changes = await changesOf(context);
  return Response.json({ numbers: await ownNumbers(context.userDb, context.user.id), changes });
}

async function changesOf({ db, env, user, requestId, log }: Context): Promise<NumberChange[]> {
  const dependencies = {
    db,
    requestId,
    log,
    publicBaseUrl: env.PUBLIC_BASE_URL,
    accounts: twilioAccounts({ db, env }),
  };
  const result = await syncNumbers(user.id, `user:${user.id}`, dependencies);
  switch (result.outcome) {
    case "synced":
      return result.changes;
    case "no_account":
      throw accountStatusError(result.status);
    case "failed":
      throw errorOfFailure(result.failure);
  }
}
