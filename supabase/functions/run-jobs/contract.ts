import * as z from "zod";
import type { Contract } from "../_shared/platform/contract.ts";

const count = z.int().min(0);

export const contract = {
  caller: "secret",
  operations: [{
    method: "POST",
    path: "",
    summary: "Runs the jobs on the queue and counts their results",
    responses: { 200: z.strictObject({ done: count, waiting: count, retried: count, buried: count }) },
    errors: [],
  }],
} as const satisfies Contract;
