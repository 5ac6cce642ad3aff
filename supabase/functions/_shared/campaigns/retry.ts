import { type Db, decision, rowFrom } from "../platform/database.ts";
import { ApiError, rateLimited } from "../platform/errors.ts";
import type { rateLimitArgs } from "../platform/rate-limit.ts";
import { noCampaign } from "./list.ts";
import { CAMPAIGN_RULES, campaignError } from "./rules.ts";
import { type Campaign, campaignOf } from "./shape.ts";

const { scheduled_in_past: _, ...RULES } = {
  ...CAMPAIGN_RULES,
  too_many_recipients: ["recipients_left", "recipients"],
} as const;

const retry = decision("retry_campaign", {
  created: ["campaign", "recipients"],
  duplicate: ["campaign"],
  key_conflict: ["campaign"],
  rate_limited: ["retry_after_seconds"],
  not_found: [],
  not_over: [],
  nothing_failed: [],
  texts_deleted: [],
  ...RULES,
});

export interface RetryOptions {
  userId: string;
  campaignId: string;
  idempotencyKey: string;
  requestId: string;
  rateLimit: ReturnType<typeof rateLimitArgs>;
}

/**
 * Makes a campaign of the failed recipients of one that is over, once per key.
 * @returns the new campaign, and whether an earlier request with this key created it
 * @throws ApiError `not_found`, `campaign_not_over`, `nothing_to_retry`, `idempotency_key_reused`, and as `createCampaign`
 */
export async function retryCampaign(
  db: Db,
  { userId, campaignId, idempotencyKey, requestId, rateLimit }: RetryOptions,
): Promise<{ campaign: Campaign; isRepeated: boolean }> {
  const retried = await retry(db, {
    p_user_id: userId,
    p_campaign_id: campaignId,
    p_idempotency_key: idempotencyKey,
    p_request_id: requestId,
    ...rateLimit,
  });
  switch (retried.outcome) {
    case "created":
    case "duplicate":
      return {
        campaign: campaignOf(rowFrom("campaigns", retried.campaign)),
        isRepeated: retried.outcome === "duplicate",
      };
    case "key_conflict":
      throw new ApiError("idempotency_key_reused", "Cannot retry: this Idempotency-Key was used for something else");
    case "rate_limited":
      throw rateLimited(retried.retry_after_seconds);
    case "not_found":
      throw noCampaign(campaignId);
    case "not_over":
      throw new ApiError("campaign_not_over", "Cannot retry: the campaign is not completed or canceled yet");
    case "nothing_failed":
      throw new ApiError("nothing_to_retry", "Cannot retry: no message has failed that is not in a retry already");
    case "texts_deleted":
      throw new ApiError("nothing_to_retry", "Cannot retry: the text or the recipients of the campaign are deleted");
    case "too_many_recipients":
      throw campaignError(retried, { from: null }, retried.recipients);
    case "window_never_opens":
    case "no_number":
    case "number_not_owned":
    case "number_not_capable":
    case "number_over_limit":
    case "no_subaccount":
    case "pending":
    case "suspended":
    case "closed":
      throw campaignError(retried, { from: null }, 0);
  }
}
