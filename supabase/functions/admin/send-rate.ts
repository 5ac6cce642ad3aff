import { decision } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { readJson } from "../_shared/platform/request.ts";
import { sendRateSchema } from "./contract.ts";

const setSendRate = decision("set_number_send_rate", { set: ["user_id"], not_found: [] });

/** Sets the send rate of campaigns from a tenant's number. */
export async function setNumberSendRate(request: Request, { db, user, requestId }: Context): Promise<Response> {
  const { phoneNumber, messagesPerSecond, reason } = await readJson(request, sendRateSchema);
  const set = await setSendRate(db, {
    p_phone_number: phoneNumber,
    p_per_second: messagesPerSecond,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  if (set.outcome === "not_found") {
    throw new ApiError("not_found", `Cannot find "${phoneNumber}" among the tenants' numbers`);
  }
  return Response.json({ phoneNumber, messagesPerSecond, userId: set.user_id });
}
