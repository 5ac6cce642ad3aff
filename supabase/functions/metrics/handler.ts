import { exposition, EXPOSITION_TYPE } from "../_shared/health/exposition.ts";
import { healthOf } from "../_shared/health/health.ts";
import { metricsOf } from "../_shared/health/metrics.ts";
import type { Context } from "../_shared/platform/endpoint.ts";

/** The state of this installation in Prometheus' text format. */
export async function handle(_request: Request, { db, env }: Context): Promise<Response> {
  return new Response(exposition(metricsOf(await healthOf(db, env))), {
    headers: { "content-type": EXPOSITION_TYPE },
  });
}
