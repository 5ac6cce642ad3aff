import type { Contract } from "../_shared/platform/contract.ts";
import { usageQuery, usageSchema } from "../_shared/usage/report.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Returns your usage by kind in your prices, what is left of your limits, and a forecast",
    query: usageQuery,
    responses: { 200: usageSchema },
    csv: true,
    errors: [],
  }],
} as const satisfies Contract;
