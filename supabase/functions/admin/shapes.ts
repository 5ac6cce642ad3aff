import * as z from "zod";
import { Constants } from "../_shared/database.types.ts";
import { idSchema } from "../_shared/platform/ids.ts";

/** Why an operator does something. The audit log keeps it. */
export const reasonText = z.string().trim().min(1).max(300).describe("1 to 300 characters, for the audit log");

export const deadLetterSchema = z.strictObject({
  id: z.int().positive(),
  lane: z.enum(Constants.public.Enums.job_lane).describe("The lane in which the job failed"),
  job: z.record(z.string(), z.unknown()),
  error: z.string(),
  buriedAt: z.iso.datetime(),
}).meta({ id: "DeadLetter", description: "A job that failed in every attempt, with its last error" });

export const tenantSyncSchema = z.strictObject({ userId: idSchema, reason: reasonText })
  .meta({ id: "TenantSync", description: "The body of admin/sync-tenant" });

/** The most ids of a query: more would come near the 8 KB at which proxies refuse a URL. */
const MOST_IDS = 100;

/** The ids of users in a query, each once. */
export const userIdsParameter = z.string().transform((text) => text.split(","))
  .pipe(z.array(idSchema).min(1).max(MOST_IDS))
  .transform((ids) => [...new Set(ids)])
  .describe(`The ids of 1 to ${MOST_IDS} users, separated by commas`);
