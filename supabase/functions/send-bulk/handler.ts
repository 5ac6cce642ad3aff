import { bulkSchema, checkBulk, createCampaign, noticeOf } from "../_shared/campaigns/create.ts";
import { previewCampaign, unitsToMeasure } from "../_shared/campaigns/preview.ts";
import { wakeJobs } from "../_shared/jobs/wake.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { idempotencyKeyOf } from "../_shared/platform/idempotency.ts";
import { enforceRateLimit, rateLimitArgs } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";

const LIMIT = { action: "bulk", perUser: 10, perAddress: 50, windowSeconds: 60 };
/** A dry run stores nothing, but renders and measures as many texts as a campaign has. */
const DRY_RUN_LIMIT = { action: "bulk-dry-run", perUser: 10, perAddress: 50, windowSeconds: 60 };
/** Such as two thousand texts of 1,000 characters: measuring takes a second of the database, with unusual characters. */
const LARGE_DRY_RUN_UNITS = 2_000_000;
const LARGE_DRY_RUN_LIMIT = { action: "bulk-large-dry-run", perUser: 2, perAddress: 10, windowSeconds: 60 };
/** Enough for 10,000 recipients with several variables each. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Checks all rows, stores the campaign and enqueues it. Jobs send it in batches. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { db, env, user, requestId } = context;
  const idempotencyKey = idempotencyKeyOf(request);
  const input = await readJson(request, bulkSchema, MAX_BYTES, "recipients");
  if (input.dryRun) await enforceRateLimit(DRY_RUN_LIMIT, request, context);
  const checked = await checkBulk(input);
  const notice = noticeOf(checked);
  const report = {
    accepted: checked.ready.length,
    rejected: checked.rejected,
    ...(notice !== undefined && { notice }),
  };
  if (input.dryRun) {
    if (unitsToMeasure(checked.ready, input.body ?? "") > LARGE_DRY_RUN_UNITS) {
      await enforceRateLimit(LARGE_DRY_RUN_LIMIT, request, context);
    }
    const preview = await previewCampaign(db, user.id, input, checked.ready);
    return Response.json({ campaign: null, preview, ...report });
  }
  const { campaign, isRepeated, spending } = await createCampaign(db, input, checked, {
    userId: user.id,
    idempotencyKey,
    requestId,
    rateLimit: rateLimitArgs(LIMIT, request, env),
  });
  if (!isRepeated) wakeJobs(env, "campaigns");
  const headers: Record<string, string> = isRepeated ? { "idempotent-replayed": "true" } : {};
  const body = { campaign, ...report, ...(spending !== undefined && { spending }) };
  return Response.json(body, { status: isRepeated ? 200 : 202, headers });
}
