import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { listAlerts, settleAlert } from "./alerts.ts";
import { holdTenant, provisionTenant } from "./hold.ts";
import { listDeadLetters, listTenants } from "./lists.ts";
import { moveNumberOf } from "./move-number.ts";
import { replay, sweepNow } from "./replay.ts";
import { rotateSealingKeys, rotateTokenOf, showSealingKeys } from "./rotation.ts";
import { setNumberSendRate } from "./send-rate.ts";

type Action = (request: Request, context: Context) => Promise<Response>;

/** The actions of operators, by method and path. */
const ACTIONS: Readonly<Record<string, Action>> = {
  "GET tenants": listTenants,
  "GET dead-letters": listDeadLetters,
  "GET alerts": listAlerts,
  "POST settle-alert": settleAlert,
  "POST provision": provisionTenant,
  "POST suspend": holdTenant("suspended"),
  "POST close": holdTenant("closed"),
  "POST resume": holdTenant(null),
  "POST move-number": moveNumberOf,
  "POST replay": replay,
  "POST sweep": sweepNow,
  "POST rotate-token": rotateTokenOf,
  "POST rotate-sealing-keys": rotateSealingKeys,
  "GET sealing-keys": showSealingKeys,
  "POST set-number-send-rate": setNumberSendRate,
};

/** `/admin/<action>`. The endpoint has verified that the caller is an operator. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { pathname } = new URL(request.url);
  const action = ACTIONS[`${request.method} ${pathname.replace(/^\/admin\//, "")}`];
  if (action === undefined) {
    throw new ApiError("not_found", `Cannot ${request.method} "${pathname.slice(0, 100)}": this action does not exist`);
  }
  return await action(request, context);
}
