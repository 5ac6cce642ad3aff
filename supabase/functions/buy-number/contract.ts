import * as z from "zod";
import { friendlyNameText, phoneNumberSchema } from "../_shared/numbers/shape.ts";
import { regulatoryShape } from "../_shared/numbers/regulatory-information.ts";
import { e164Schema } from "../_shared/numbers/phone-number.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { spendingSchema } from "../_shared/spending/spending.ts";
import { ACCOUNT_STATUS_ERRORS } from "../_shared/accounts/status.ts";

export const purchaseSchema = z.strictObject({
  phoneNumber: e164Schema.describe("E.164"),
  friendlyName: friendlyNameText.optional().describe("1 to 64 characters; Twilio's own name for it unless given"),
  ...regulatoryShape,
}).meta({ id: "NumberPurchase", description: "The body of buy-number" });

const boughtNumberSchema = phoneNumberSchema.extend({
  spending: spendingSchema.optional().describe("From 80 % of the spend limit on"),
}).meta({ id: "BoughtNumber", description: "The response of buy-number" });

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Buys a number for your own account, and sets its webhook",
    body: purchaseSchema,
    responses: { 201: boughtNumberSchema },
    errors: [
      "number_taken",
      "number_not_available",
      "number_limit_reached",
      "number_price_limit_reached",
      "price_unavailable",
      "purchase_limit_reached",
      "spend_limit_reached",
      "number_purchase_in_progress",
      "number_release_in_progress",
      "regulatory_information_required",
      ...ACCOUNT_STATUS_ERRORS,
      "twilio_refused",
    ],
  }],
} as const satisfies Contract;
