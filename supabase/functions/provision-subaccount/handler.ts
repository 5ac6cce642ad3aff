import { completeRows, decision, unavailable } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { expectNoBody } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { converge } from "../_shared/subaccounts/converge.ts";
import type { ConvergedAccount, Convergence } from "../_shared/subaccounts/convergence.ts";
import { convergeDependencies } from "../_shared/subaccounts/dependencies.ts";
import { answerableError } from "../_shared/twilio/errors.ts";

const requestSubaccount = decision("request_subaccount", {
  already: ["subaccount_sid", "friendly_name"],
  accepted: [],
  subscription_required: [],
  suspended: [],
  closed: [],
});

const LIMIT = { action: "provision", perUser: 10, perAddress: 60, windowSeconds: 60 };

/** POST ensures the caller's subaccount; GET returns its state. */
export async function handle(request: Request, context: Context): Promise<Response> {
  return request.method === "GET" ? await show(context) : await provision(request, context);
}

async function show({ db, userDb, user }: Context): Promise<Response> {
  const [{ data, error }, [outlook]] = await Promise.all([
    userDb.from("user_preferences")
      .select(
        "twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_friendly_name, twilio_subaccount_created_at",
      )
      .eq("user_id", user.id).maybeSingle(),
    completeRows(db, "account_outlook", { p_user_id: user.id }, ["suspends_at", "numbers_released_at"]),
  ]);
  if (error !== null) throw unavailable("user_preferences", error.code);
  if (outlook === undefined) throw unavailable("account_outlook", "no row");
  return Response.json({
    provisioned: data?.twilio_subaccount_sid != null,
    status: data?.twilio_subaccount_status ?? null,
    subaccountSid: data?.twilio_subaccount_sid ?? null,
    friendlyName: data?.twilio_subaccount_friendly_name ?? null,
    createdAt: isoOf(data?.twilio_subaccount_created_at ?? null),
    heldByOperator: outlook.is_held,
    suspendsAt: isoOf(outlook.suspends_at),
    numbersReleasedAt: isoOf(outlook.numbers_released_at),
  });
}

async function provision(request: Request, context: Context): Promise<Response> {
  await expectNoBody(request);
  await enforceRateLimit(LIMIT, request, context);
  const { db, env, user, requestId } = context;
  const requested = await requestSubaccount(db, {
    p_user_id: user.id,
    p_open_to_anyone: env.SELF_PROVISIONING === "anyone",
    p_request_id: requestId,
  });
  switch (requested.outcome) {
    case "already":
      return ensured(200, requested.subaccount_sid, requested.friendly_name);
    case "accepted":
      return await convergeNow(context);
    case "subscription_required":
      throw new ApiError("subscription_required", "Cannot provision a subaccount: you have no active subscription");
    case "suspended":
    case "closed":
      throw notActive(requested.outcome);
  }
}

/** The request is stored and its job enqueued: if this convergence fails, the job finishes it. */
async function convergeNow(context: Context): Promise<Response> {
  let result: Convergence;
  try {
    result = await converge(context.user.id, convergeDependencies(context));
  } catch (error) {
    throw answerableError(error);
  }
  switch (result.outcome) {
    case "converged":
      return result.account === null ? inProgress() : responseOf(result.account, result.created);
    case "busy":
    case "waiting":
    case "fenced":
      return inProgress();
    case "limit_reached":
      throw new ApiError(
        "subaccount_limit_reached",
        "Cannot create a subaccount yet: the platform's limit is reached. Your request is stored and will be fulfilled",
        {
          headers: { "retry-after": "3600" },
        },
      );
  }
}

/** Convergence keeps a suspension that was made in Twilio's console: another request does not lift it. */
function responseOf({ sid, friendlyName, status }: ConvergedAccount, created: boolean): Response {
  if (status !== "active") throw notActive(status);
  return ensured(created ? 201 : 200, sid, friendlyName);
}

function notActive(status: "suspended" | "closed"): ApiError {
  return new ApiError(`subaccount_${status}`, `Cannot provision a subaccount: yours is ${status}`);
}

function ensured(httpStatus: 200 | 201, subaccountSid: string, friendlyName: string): Response {
  return Response.json({ success: true, subaccountSid, friendlyName, status: "active" }, { status: httpStatus });
}

function inProgress(): Response {
  return Response.json({ success: true, subaccountSid: null, friendlyName: null, status: "pending" }, {
    status: 202,
    headers: { "retry-after": "2" },
  });
}
