import * as z from "zod";
import { addedOptOutsSchema, newOptOutsSchema, optOutPageSchema, optOutsQuery } from "../_shared/messages/opt-outs.ts";
import type { Contract } from "../_shared/platform/contract.ts";

/** No operation deletes an opt-out: only the recipient's START does. */
export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Lists your opt-outs, newest first",
    query: optOutsQuery,
    responses: { 200: optOutPageSchema },
    errors: [],
  }, {
    method: "GET",
    path: "/export",
    summary: "Returns all of your opt-outs as CSV: recipient, from, source, keyword, optedOutAt",
    query: z.strictObject({}),
    responses: { 200: null },
    errors: [],
  }, {
    method: "POST",
    path: "",
    summary: "Adds up to 1,000 opt-outs; repeating the request changes nothing",
    body: newOptOutsSchema,
    responses: { 200: addedOptOutsSchema },
    errors: ["too_many_opt_outs"],
  }],
} as const satisfies Contract;
