import { Constants } from "../_shared/database.types.ts";
import { wakeJobs } from "../_shared/jobs/wake.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { readJson } from "../_shared/platform/request.ts";
import { reasonSchema, replaySchema } from "./contract.ts";

/** Re-enqueues dead letters, or the processing of a Stripe event. */
export async function replay(request: Request, context: Context): Promise<Response> {
  const wanted = await readJson(request, replaySchema);
  const replayed = "eventId" in wanted ? await replayEvent(wanted, context) : await replayLetters(wanted, context);
  const lanes = "eventId" in wanted ? ["control" as const] : Constants.public.Enums.job_lane;
  for (const lane of lanes) wakeJobs(context.env, lane);
  return Response.json({ accepted: true, replayed }, { status: 202 });
}

async function replayEvent(
  { eventId, reason }: { eventId: string; reason: string },
  { db, user, requestId }: Context,
): Promise<number> {
  const outcome = await decide(db, "replay_stripe_event", {
    p_event_id: eventId,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  if (outcome === "unknown_event") throw new ApiError("not_found", `Cannot find an event "${eventId}"`);
  if (outcome === "purged") {
    throw new ApiError("not_found", `Cannot replay event "${eventId}": its payload was deleted, thirty days after it`);
  }
  return 1;
}

async function replayLetters(
  wanted: { deadLetter: number; reason: string } | { deadLetters: "all" | number[]; reason: string },
  { db, user, requestId }: Context,
): Promise<number> {
  const letter = "deadLetter" in wanted ? wanted.deadLetter : null;
  const letters = "deadLetter" in wanted ? [wanted.deadLetter] : wanted.deadLetters;
  const replayed = await decide(db, "replay_dead_letters", {
    p_letter_ids: letters === "all" ? null : letters,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: wanted.reason,
  });
  if (replayed === 0 && letter !== null) throw new ApiError("not_found", `Cannot find a dead letter "${letter}"`);
  return replayed;
}

/** Compares Twilio with the database now, before the next scheduled sweep. */
export async function sweepNow(request: Request, { db, env, user, requestId }: Context): Promise<Response> {
  const { reason } = await readJson(request, reasonSchema);
  await decide(db, "request_sweep", { p_operator_id: user.id, p_request_id: requestId, p_reason: reason });
  wakeJobs(env, "control");
  return Response.json({ accepted: true }, { status: 202 });
}
