import * as z from "zod";
import { Constants } from "../_shared/database.types.ts";
import type { Contract } from "../_shared/platform/contract.ts";

const count = z.int().min(0);

export const laneSchema = z.strictObject({ lane: z.enum(Constants.public.Enums.job_lane) })
  .meta({ id: "RunJobs", description: "The lane whose jobs are run" });

export const contract = {
  caller: "secret",
  operations: [{
    method: "POST",
    path: "",
    summary: "Runs the jobs of one lane and counts their results",
    body: laneSchema,
    responses: { 200: z.strictObject({ done: count, waiting: count, retried: count, buried: count }) },
    errors: [],
  }],
} as const satisfies Contract;
