import {
  campaignsQuery,
  changeCampaign,
  fetchCampaign,
  listCampaigns,
  listRecipients,
  recipientsQuery,
} from "../_shared/campaigns/list.ts";
import { wakeJobs } from "../_shared/jobs/wake.ts";
import type { Enum } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { UUID_PATTERN } from "../_shared/platform/ids.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { expectNoBody, expectNoQuery, readQuery } from "../_shared/platform/request.ts";

const PATH = new RegExp(`^/campaigns(?:/(${UUID_PATTERN})(?:/(recipients|pause|resume|cancel))?)?$`);

const CHANGE_LIMIT = { action: "campaign-change", perUser: 60, perAddress: 300, windowSeconds: 60 };
const LIST_LIMIT = { action: "campaign-list", perUser: 240, perAddress: 1200, windowSeconds: 60 };

/** `/campaigns`, `/campaigns/<id>`, its recipients and its changes. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { pathname } = new URL(request.url);
  const [matched, campaignId, aspect] = PATH.exec(pathname) ?? [];
  const isChange = aspect === "pause" || aspect === "resume" || aspect === "cancel";
  if (matched === undefined || isChange !== (request.method === "POST")) {
    throw new ApiError("not_found", `Cannot ${request.method} "${pathname.slice(0, 100)}": this path does not exist`);
  }
  const { db, user } = context;
  if (campaignId === undefined) {
    const query = readQuery(request, campaignsQuery);
    await enforceRateLimit(LIST_LIMIT, request, context);
    return Response.json(await listCampaigns(db, user.id, query));
  }
  if (isChange) return await change(request, campaignId, aspect, context);
  if (aspect === "recipients") {
    const query = readQuery(request, recipientsQuery);
    await enforceRateLimit(LIST_LIMIT, request, context);
    return Response.json(await listRecipients(db, user.id, campaignId, query));
  }
  expectNoQuery(request);
  return Response.json(await fetchCampaign(db, user.id, campaignId));
}

async function change(
  request: Request,
  campaignId: string,
  wanted: Enum<"campaign_change">,
  context: Context,
): Promise<Response> {
  expectNoQuery(request);
  await expectNoBody(request);
  await enforceRateLimit(CHANGE_LIMIT, request, context);
  const { db, env, user, requestId } = context;
  const campaign = await changeCampaign(db, wanted, { userId: user.id, campaignId, requestId });
  if (wanted === "resume") wakeJobs(env, "campaigns");
  return Response.json(campaign);
}
