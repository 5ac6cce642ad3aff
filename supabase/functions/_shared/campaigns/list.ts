import * as z from "zod";
import { completeRows, type Db, decision, type Enum, type Row, rowFrom, rows } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../platform/paging.ts";
import { timestampOf, timestampSchema } from "../platform/time.ts";
import {
  type Campaign,
  campaignOf,
  campaignSchema,
  campaignStatusSchema,
  countNamed,
  countOf,
  countSchema,
} from "./shape.ts";

export const campaignsQuery = z.strictObject({
  status: campaignStatusSchema.optional(),
  limit: limitParameter(200, 50),
  cursor: cursorParameter(z.tuple([timestampSchema, z.guid()])),
}).meta({ id: "CampaignsQuery" });

export const campaignPageSchema = z.strictObject({
  campaigns: z.array(campaignSchema),
  next: nextSchema,
}).meta({ id: "CampaignPage", description: "Campaigns, newest first" });

export const recipientsQuery = z.strictObject({
  count: countSchema.optional().describe("Only the recipients under this count"),
  limit: limitParameter(1000, 200),
  cursor: cursorParameter(z.tuple([z.number().int().min(0).max(10_000)])),
}).meta({ id: "RecipientsQuery" });

const recipientSchema = z.strictObject({
  index: z.number().int().describe("The row's position in the request"),
  to: z.string(),
  count: countSchema,
  skipReason: z.string().nullable(),
  messageId: z.guid().nullable(),
  status: z.string().nullable(),
  errorCode: z.number().nullable(),
  errorMessage: z.string().nullable(),
}).meta({ id: "CampaignRecipient" });

export const recipientPageSchema = z.strictObject({
  recipients: z.array(recipientSchema),
  next: nextSchema,
}).meta({ id: "RecipientPage", description: "Recipients of a campaign, in the order of the request" });

const requestChange = decision("change_campaign", {
  changed: ["campaign"],
  already: ["campaign"],
  over: ["campaign"],
  not_found: [],
});

const EVERY = { p_status: null, p_before_at: null, p_before_id: null };

/** One campaign of a tenant's. @throws ApiError `not_found` */
export async function fetchCampaign(db: Db, userId: string, campaignId: string): Promise<Campaign> {
  const [row] = await rows(db, "list_campaigns", {
    p_user_id: userId,
    p_campaign_id: campaignId,
    ...EVERY,
    p_limit: 1,
  });
  if (row === undefined) throw noCampaign(campaignId);
  return campaignOf(row);
}

/** One page of a tenant's campaigns. */
export async function listCampaigns(
  db: Db,
  userId: string,
  { status, limit, cursor }: z.output<typeof campaignsQuery>,
): Promise<z.output<typeof campaignPageSchema>> {
  const [beforeAt, beforeId] = cursor ?? [null, null];
  const found = await rows(db, "list_campaigns", {
    p_user_id: userId,
    p_campaign_id: null,
    p_status: status ?? null,
    p_before_at: beforeAt,
    p_before_id: beforeId,
    p_limit: limit,
  });
  const nextOf = (last: Row<"campaigns">) => writeCursor([timestampOf(last.created_at), last.id]);
  const { items: campaigns, next } = page(found, limit, campaignOf, nextOf);
  return { campaigns, next };
}

/** One page of the recipients of a campaign, each with its result. @throws ApiError `not_found` */
export async function listRecipients(
  db: Db,
  userId: string,
  campaignId: string,
  { count, limit, cursor }: z.output<typeof recipientsQuery>,
): Promise<z.output<typeof recipientPageSchema>> {
  const found = await completeRows(db, "list_campaign_recipients", {
    p_user_id: userId,
    p_campaign_id: campaignId,
    p_count: count === undefined ? null : countNamed(count),
    p_after: cursor?.[0] ?? null,
    p_limit: limit,
  }, ["skip_reason", "message_id", "status", "error_code", "error_message"]);
  if (found.length === 0) await fetchCampaign(db, userId, campaignId);
  const { items: recipients, next } = page(
    found,
    limit,
    (row) => ({
      index: row.position,
      to: row.to_number,
      count: countOf(row.counted),
      skipReason: row.skip_reason,
      messageId: row.message_id,
      status: row.status,
      errorCode: row.error_code,
      errorMessage: row.error_message,
    }),
    (last) => writeCursor([last.position]),
  );
  return { recipients, next };
}

/**
 * Pauses, resumes or cancels a campaign. Repeating a change has no effect.
 * @throws ApiError `not_found`, `campaign_over`
 */
export async function changeCampaign(
  db: Db,
  change: Enum<"campaign_change">,
  { userId, campaignId, requestId }: { userId: string; campaignId: string; requestId: string },
): Promise<Campaign> {
  const changed = await requestChange(db, {
    p_user_id: userId,
    p_campaign_id: campaignId,
    p_change: change,
    p_request_id: requestId,
  });
  switch (changed.outcome) {
    case "not_found":
      throw noCampaign(campaignId);
    case "over": {
      const { status } = rowFrom("campaigns", changed.campaign);
      throw new ApiError("campaign_over", `Cannot ${change} the campaign: it is ${status}`);
    }
    case "changed":
    case "already":
      return campaignOf(rowFrom("campaigns", changed.campaign));
  }
}

export function noCampaign(campaignId: string): ApiError {
  return new ApiError("not_found", `Cannot find a campaign "${campaignId}" of yours`);
}
