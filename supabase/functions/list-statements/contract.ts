import {
  statementDetailsSchema,
  statementPageSchema,
  statementQuery,
  statementsQuery,
} from "../_shared/billing/statements.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Lists your statements, one for each billing period of your own subscriptions, newest first",
    query: statementsQuery,
    responses: { 200: statementPageSchema },
    errors: [],
  }, {
    method: "GET",
    path: "/{statementId}",
    summary: "Returns one of your statements, line by line, with the invoice that bills it",
    query: statementQuery,
    responses: { 200: statementDetailsSchema },
    csv: true,
    html: true,
    errors: [],
  }],
} as const satisfies Contract;
