import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "secret",
  operations: [{
    method: "GET",
    path: "",
    summary: "Returns the state of this installation as Prometheus reads it",
    responses: { 200: "file" },
    errors: [],
  }],
} as const satisfies Contract;
