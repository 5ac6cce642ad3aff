import { messagePageSchema, messagesQuery } from "../_shared/messages/list.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Your messages, newest first, by any filter; number and with together are one conversation",
    query: messagesQuery,
    responses: { 200: messagePageSchema },
    errors: [],
  }],
} as const satisfies Contract;
