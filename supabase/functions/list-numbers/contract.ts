import * as z from "zod";
import { numberListSchema } from "../_shared/numbers/list.ts";
import { numbersOverviewSchema } from "../_shared/numbers/overview.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Lists your numbers, the primary one first; without any, shared numbers with a notice",
    query: z.strictObject({}),
    responses: { 200: numberListSchema },
    errors: [],
  }, {
    method: "GET",
    path: "/overview",
    summary: "Returns what you may still buy, and what is in progress or scheduled for your numbers",
    query: z.strictObject({}),
    responses: { 200: numbersOverviewSchema },
    errors: [],
  }],
} as const satisfies Contract;
