import { z } from "zod";
import type { Contract } from "../_shared/platform/contract.ts";

const count = z.int().min(0);

export const contract = {
  caller: "secret",
  operations: [{
    method: "POST",
    path: "",
    summary: "Works off what is on the queue, and counts what became of it",
    responses: { 200: z.strictObject({ done: count, waiting: count, retried: count, buried: count }) },
    errors: [],
  }],
} as const satisfies Contract;
