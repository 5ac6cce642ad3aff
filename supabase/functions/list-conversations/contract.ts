import { conversationPageSchema, conversationsQuery } from "../_shared/messages/conversations.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Lists your conversations, one for each pair of numbers, latest message first",
    query: conversationsQuery,
    responses: { 200: conversationPageSchema },
    errors: [],
  }],
} as const satisfies Contract;
