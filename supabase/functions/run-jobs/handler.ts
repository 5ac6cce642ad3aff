import { drain, type JobLane } from "../_shared/jobs/drain.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { readJson } from "../_shared/platform/request.ts";
import { keyRingOf } from "../_shared/sealing/key-ring.ts";
import { noteSealingRing } from "../_shared/sealing/keys-in-use.ts";
import { laneSchema } from "./contract.ts";
import { workDependencies } from "./dependencies.ts";
import { workOf } from "./work.ts";

/** Well within the platform's time limit, and short enough for a waiting caller. */
const BUDGET_MS = 20_000;

/** How many jobs of a lane one call runs at once. A campaign sends many messages at once itself; forwards and calls to Stripe mostly wait. */
const IN_FLIGHT: Record<JobLane, number> = {
  control: 8,
  messages: 4,
  campaigns: 8,
  forwarding: 16,
  usage: 4,
  billing: 16,
};

/** Runs the jobs of a lane. This is also where the functions report their sealing keys to the database. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { lane } = await readJson(request, laneSchema);
  if (lane === "control") await noteSealingRing(context.db, keyRingOf(context.env));
  const report = await drain({
    db: context.db,
    log: context.log,
    work: workOf(workDependencies(context)),
    lane,
    budgetMs: BUDGET_MS,
    batch: IN_FLIGHT[lane],
  });
  return Response.json(report);
}
