import { decidedNumber } from "../_shared/numbers/shape.ts";
import { numberError } from "../_shared/numbers/errors.ts";
import { decision } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { choiceSchema } from "./contract.ts";

const setPrimaryNumber = decision("set_primary_number", {
  set: ["number"],
  already: ["number"],
  not_capable: ["number"],
  not_found: [],
  purchasing: ["number"],
  releasing: ["number"],
  released: ["number"],
});

const LIMIT = { action: "set-primary", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** Makes a number the caller's primary one. Twilio has no primary number, so it is not called. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { numberId } = await readJson(request, choiceSchema);
  await enforceRateLimit(LIMIT, request, context);
  const { db, user, requestId } = context;
  const decided = await setPrimaryNumber(db, {
    p_user_id: user.id,
    p_number_id: numberId,
    p_request_id: requestId,
  });
  switch (decided.outcome) {
    case "set":
    case "already":
      return Response.json(decidedNumber(decided.number));
    case "not_capable":
      throw new ApiError(
        "invalid_sender",
        `Cannot make "${decidedNumber(decided.number).phoneNumber}" the default sender: it cannot send messages`,
        { details: [{ field: "numberId", code: "not_capable" }] },
      );
    case "not_found":
    case "purchasing":
    case "releasing":
    case "released":
      throw numberError(numberId, decided);
  }
}
