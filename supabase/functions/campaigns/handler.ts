import {
  campaignsQuery,
  changeCampaign,
  fetchCampaign,
  listCampaigns,
  listRecipients,
  recipientsQuery,
} from "../_shared/campaigns/list.ts";
import { retryCampaign } from "../_shared/campaigns/retry.ts";
import { wakeJobs } from "../_shared/jobs/wake.ts";
import type { Enum } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { idempotencyKeyOf } from "../_shared/platform/idempotency.ts";
import { enforceRateLimit, rateLimitArgs } from "../_shared/platform/rate-limit.ts";
import { expectNoBody, readQuery } from "../_shared/platform/request.ts";

const CHANGES = ["pause", "resume", "cancel"] as const satisfies readonly Enum<"campaign_change">[];

const CHANGE_LIMIT = { action: "campaign-change", perUser: 60, perAddress: 300, windowSeconds: 60 };
/** That of send-bulk, which counts the same requests. */
const RETRY_LIMIT = { action: "bulk", perUser: 10, perAddress: 50, windowSeconds: 60 };
const LIST_LIMIT = { action: "campaign-list", perUser: 240, perAddress: 1200, windowSeconds: 60 };

/** `/campaigns`, `/campaigns/<id>`, its recipients, its changes and its retry. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { db, user, path, parameters } = context;
  const { campaignId } = parameters;
  if (campaignId === undefined) {
    const query = readQuery(request, campaignsQuery);
    await enforceRateLimit(LIST_LIMIT, request, context);
    return Response.json(await listCampaigns(db, user.id, query));
  }
  if (path.endsWith("/recipients")) {
    const query = readQuery(request, recipientsQuery);
    await enforceRateLimit(LIST_LIMIT, request, context);
    return Response.json(await listRecipients(db, user.id, campaignId, query));
  }
  if (path.endsWith("/retry")) return await retry(request, campaignId, context);
  const wanted = CHANGES.find((change) => path.endsWith(`/${change}`));
  if (wanted !== undefined) return await change(request, campaignId, wanted, context);
  return Response.json(await fetchCampaign(db, user.id, campaignId));
}

async function change(
  request: Request,
  campaignId: string,
  wanted: Enum<"campaign_change">,
  context: Context,
): Promise<Response> {
  await expectNoBody(request);
  await enforceRateLimit(CHANGE_LIMIT, request, context);
  const { db, env, user, requestId } = context;
  const campaign = await changeCampaign(db, wanted, { userId: user.id, campaignId, requestId });
  if (wanted === "resume") wakeJobs(env, "campaigns");
  return Response.json(campaign);
}

async function retry(request: Request, campaignId: string, context: Context): Promise<Response> {
  const idempotencyKey = idempotencyKeyOf(request);
  await expectNoBody(request);
  const { db, env, user, requestId } = context;
  const { campaign, isRepeated } = await retryCampaign(db, {
    userId: user.id,
    campaignId,
    idempotencyKey,
    requestId,
    rateLimit: rateLimitArgs(RETRY_LIMIT, request, env),
  });
  if (isRepeated) return Response.json(campaign, { headers: { "idempotent-replayed": "true" } });
  wakeJobs(env, "campaigns");
  return Response.json(campaign, { status: 202 });
}
