import { renameNumber } from "../_shared/numbers/rename.ts";
import { ownedNumber } from "../_shared/numbers/shape.ts";
import { numberError } from "../_shared/numbers/errors.ts";
import { decision } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { renamingSchema } from "./contract.ts";

const numberToChange = decision("number_to_change", {
  changeable: ["number", "subaccount_sid", "sealed_token"],
  not_found: [],
  purchasing: ["number"],
  releasing: ["number"],
  released: ["number"],
  none: [],
  pending: [],
  suspended: [],
  closed: [],
});

const LIMIT = { action: "rename", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** Renames one of the caller's numbers, with their own credentials. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { numberId, friendlyName } = await readJson(request, renamingSchema);
  await enforceRateLimit(LIMIT, request, context);
  const { db, user, requestId } = context;
  const decided = await numberToChange(db, { p_user_id: user.id, p_number_id: numberId });
  if (decided.outcome !== "changeable") throw numberError(numberId, decided);
  const { subaccount_sid: accountSid, sealed_token: sealedToken } = decided;
  const twilio = await twilioAccounts(context).from({ userId: user.id, accountSid, sealedToken });
  const { phoneNumber, phoneSid } = ownedNumber(decided.number);
  const renaming = { userId: user.id, numberId, phoneNumber, phoneSid, friendlyName };
  return Response.json(await renameNumber(renaming, { db, twilio, requestId }));
}
