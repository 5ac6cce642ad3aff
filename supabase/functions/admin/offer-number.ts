import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { readJson } from "../_shared/platform/request.ts";
import { offerSchema } from "./contract.ts";

/** Lets tenants without a subaccount send from a number of the master account, or no longer. */
export async function offerNumber(request: Request, { db, user, requestId }: Context): Promise<Response> {
  const { phoneNumber, isOffered, reason } = await readJson(request, offerSchema);
  const outcome = await decide(db, "offer_number", {
    p_phone_number: phoneNumber,
    p_is_offered: isOffered,
    p_operator_id: user.id,
    p_reason: reason,
    p_request_id: requestId,
  });
  if (outcome === "not_found") {
    throw new ApiError(
      "not_found",
      `Cannot find "${phoneNumber}" among the SMS-capable numbers of the master account, as of their last refresh`,
    );
  }
  return Response.json({ phoneNumber, isOffered });
}
