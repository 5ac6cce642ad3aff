import { drain } from "../_shared/jobs/drain.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { keyRingOf } from "../_shared/sealing/key-ring.ts";
import { noteSealingRing } from "../_shared/sealing/keys-in-use.ts";
import { workDependencies } from "./dependencies.ts";
import { workOf } from "./work.ts";

/** Well within the platform's time limit, and short enough for a waiting caller. */
const BUDGET_MS = 20_000;

/** Runs the jobs on the queue. This is also where the functions report their sealing keys to the database. */
export async function handle(_request: Request, context: Context): Promise<Response> {
  await noteSealingRing(context.db, keyRingOf(context.env));
  const report = await drain({
    db: context.db,
    log: context.log,
    work: workOf(workDependencies(context)),
    budgetMs: BUDGET_MS,
  });
  return Response.json(report);
}
