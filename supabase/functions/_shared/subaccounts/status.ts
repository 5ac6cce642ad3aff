import { z } from "zod";
import { Constants } from "../database.types.ts";

const { twilio_account_status: TWILIO_STATUSES } = Constants.public.Enums;

export const subaccountStatusSchema = z.enum(["pending", ...TWILIO_STATUSES]).meta({
  id: "SubaccountStatus",
  description: "A subaccount's status as stored: the status at Twilio, or pending before there is an account",
});
