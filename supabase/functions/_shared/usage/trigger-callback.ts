import * as z from "zod";
import { type Db, decide, type Enum } from "../platform/database.ts";

/** The parameters that we read of a usage trigger's callback. Twilio may add others at any time; they are ignored. */
export const usageFiringSchema = z.object({
  AccountSid: z.string(),
  UsageTriggerSid: z.string().regex(/^UT[0-9a-f]{32}$/),
  CurrentValue: z.string().regex(/^-?\d{1,12}(\.\d{1,12})?$/),
  DateFired: z.string().refine((text) => !Number.isNaN(Date.parse(text)), "must be a date"),
  IdempotencyToken: z.string().regex(/^[\w-]{1,200}$/),
});

/**
 * Records that a usage trigger fired.
 * @returns the outcome, or `ignored` for a callback that cannot be read
 */
export async function applyUsageFiring(
  db: Db,
  userId: string,
  form: URLSearchParams,
): Promise<Enum<"usage_firing_outcome"> | "ignored"> {
  const read = usageFiringSchema.safeParse(Object.fromEntries(form));
  if (!read.success) return "ignored";
  const { AccountSid, UsageTriggerSid, CurrentValue, DateFired, IdempotencyToken } = read.data;
  return await decide(db, "record_usage_callback", {
    p_user_id: userId,
    p_account_sid: AccountSid,
    p_trigger_sid: UsageTriggerSid,
    p_token: IdempotencyToken,
    p_fired_at: new Date(DateFired).toISOString(),
    p_current_value: Number(CurrentValue),
  });
}
