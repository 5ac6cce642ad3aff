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
      summary: "Your campaigns, newest first",
      query: campaignsQuery,
      responses: { 200: campaignPageSchema },
      errors: [],
    },
    {
      method: "GET",
      path: "/{campaignId}",
      summary: "One campaign, with live counts",
      responses: { 200: campaignSchema },
      errors: [],
    },
    {
      method: "GET",
      path: "/{campaignId}/recipients",
      summary: "What has become of each recipient",
      query: recipientsQuery,
      responses: { 200: recipientPageSchema },
      errors: [],
    },
    change("pause", "Stops handing messages to Twilio until resumed; what Twilio has, it sends"),
    change("resume", "Goes on where it was paused"),
    change("cancel", "Ends it for good; who waits is skipped"),
  ],
} as const satisfies Contract;
