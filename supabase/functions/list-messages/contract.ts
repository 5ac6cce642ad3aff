import { messagePageSchema, messagesQuery } from "../_shared/messages/list.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Lists your messages, newest first; number and with together select one conversation",
    query: messagesQuery,
    responses: { 200: messagePageSchema },
    errors: [],
  }],
} as const satisfies Contract;
