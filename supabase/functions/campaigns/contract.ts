import { ACCOUNT_STATUS_ERRORS } from "../_shared/accounts/status.ts";
import { campaignPageSchema, campaignsQuery, recipientPageSchema, recipientsQuery } from "../_shared/campaigns/list.ts";
import { campaignSchema } from "../_shared/campaigns/shape.ts";
import type { Contract } from "../_shared/platform/contract.ts";

const change = <Name extends string>(name: Name, summary: string) => ({
  method: "POST",
  path: `/{campaignId}/${name}`,
  summary,
  responses: { 200: campaignSchema },
  errors: ["campaign_over"],
} as const);

export const contract = {
  caller: "user",
  operations: [
    {
      method: "GET",
      path: "",
      summary: "Lists your campaigns, newest first",
      query: campaignsQuery,
      responses: { 200: campaignPageSchema },
      errors: [],
    },
    {
      method: "GET",
      path: "/{campaignId}",
      summary: "Returns one campaign with its current counts",
      responses: { 200: campaignSchema },
      errors: [],
    },
    {
      method: "GET",
      path: "/{campaignId}/recipients",
      summary: "Lists the recipients of a campaign with their results",
      query: recipientsQuery,
      responses: { 200: recipientPageSchema },
      errors: [],
    },
    change("pause", "Pauses a campaign: Twilio still sends the messages that it has accepted"),
    change("resume", "Resumes a paused campaign"),
    change("cancel", "Cancels a campaign for good: waiting recipients are skipped"),
    {
      method: "POST",
      path: "/{campaignId}/retry",
      summary: "Makes a campaign of the failed recipients of one that is over, each of them in one retry",
      headers: { "Idempotency-Key": "Repeating the request with the same key creates no second campaign" },
      responses: { 200: campaignSchema, 202: campaignSchema },
      errors: [
        "campaign_not_over",
        "nothing_to_retry",
        "too_many_recipients",
        "idempotency_key_reused",
        "number_not_owned",
        "number_over_limit",
        "number_required",
        "invalid_sender",
        ...ACCOUNT_STATUS_ERRORS,
      ],
    },
  ],
} as const satisfies Contract;
