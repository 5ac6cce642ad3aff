import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { acknowledgeAlert, changeAlerts, listAlerts, settleAlert } from "./alerts.ts";
import { listAuditLog } from "./audit.ts";
import type { contract } from "./contract.ts";
import { cancelSubscriptionOf } from "./cancel-subscription.ts";
import { listCarrierFees, setCarrierFee } from "./carrier-fees.ts";
import { listExchangeRates, setExchangeRate } from "./exchange-rates.ts";
import { holdTenant, provisionTenant } from "./hold.ts";
import { showHealth } from "./health.ts";
import { setPlanLimits, setTenantLimits } from "./limits.ts";
import { listDeadLetters } from "./lists.ts";
import { moveNumberOf } from "./move-number.ts";
import { showNextInvoice } from "./next-invoice.ts";
import { offerNumber } from "./offer-number.ts";
import { listPlans } from "./plans.ts";
import { listReconciliations } from "./reconciliations.ts";
import { replay, sweepNow } from "./replay.ts";
import { listLosses, listRevenue } from "./revenue.ts";
import { rotateSealingKeys, rotateTokenOf, showSealingKeys } from "./rotation.ts";
import { setNumberSendRate } from "./send-rate.ts";
import { listTenantEmails } from "./tenant-emails.ts";
import { showTenantUsage } from "./tenant-usage.ts";
import { showTenantFigures } from "./tenant-figures.ts";
import { listTenants } from "./tenants.ts";
import { showTenant, showTimeline, syncTenant } from "./tenant-view.ts";
import { listRejected, listUnbilled } from "./unbilled.ts";
import { listUnpaidAccounts, showUnpaidTotal } from "./unpaid.ts";

type Action = (request: Request, context: Context) => Promise<Response>;

/** An operation of the contract, such as `GET /tenants`. */
type Operation = (typeof contract)["operations"][number] extends infer One
  ? One extends { method: infer Method extends string; path: infer Path extends string } ? `${Method} ${Path}` : never
  : never;

/** The actions of operators, by method and path. */
const ACTIONS: Readonly<Record<Operation, Action>> = {
  "GET /tenants": listTenants,
  "GET /tenant-figures": showTenantFigures,
  "GET /tenants/{userId}": showTenant,
  "GET /tenants/{userId}/timeline": showTimeline,
  "GET /tenants/{userId}/usage": showTenantUsage,
  "GET /audit": listAuditLog,
  "GET /reconciliations": listReconciliations,
  "GET /carrier-fees": listCarrierFees,
  "POST /set-carrier-fee": setCarrierFee,
  "GET /exchange-rates": listExchangeRates,
  "POST /set-exchange-rate": setExchangeRate,
  "GET /revenue": listRevenue,
  "GET /losses": listLosses,
  "GET /unbilled": listUnbilled,
  "GET /rejected": listRejected,
  "GET /next-invoice": showNextInvoice,
  "POST /sync-tenant": syncTenant,
  "POST /set-tenant-limits": setTenantLimits,
  "GET /plans": listPlans,
  "GET /tenant-emails": listTenantEmails,
  "POST /set-plan-limits": setPlanLimits,
  "GET /health": showHealth,
  "GET /dead-letters": listDeadLetters,
  "GET /alerts": listAlerts,
  "POST /acknowledge-alert": acknowledgeAlert,
  "POST /settle-alert": settleAlert,
  "POST /change-alerts": changeAlerts,
  "POST /provision": provisionTenant,
  "POST /suspend": holdTenant("suspended"),
  "POST /close": holdTenant("closed"),
  "POST /resume": holdTenant(null),
  "POST /move-number": moveNumberOf,
  "POST /offer-number": offerNumber,
  "POST /cancel-subscription": cancelSubscriptionOf,
  "POST /replay": replay,
  "POST /sweep": sweepNow,
  "POST /rotate-token": rotateTokenOf,
  "POST /rotate-sealing-keys": rotateSealingKeys,
  "GET /sealing-keys": showSealingKeys,
  "POST /set-number-send-rate": setNumberSendRate,
  "GET /unpaid-accounts": listUnpaidAccounts,
  "GET /unpaid-total": showUnpaidTotal,
};

/** Of all actions together: a script with an operator's token must not fill the queues. */
const LIMIT = { action: "admin", perUser: 240, perAddress: 1200, windowSeconds: 60 };

/** `/admin/<action>`. The endpoint has verified that the caller is an operator. */
export async function handle(request: Request, context: Context): Promise<Response> {
  await enforceRateLimit(LIMIT, request, context);
  return await ACTIONS[`${request.method} ${context.path}` as Operation](request, context);
}
