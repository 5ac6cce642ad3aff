import { markReadSchema, readStateSchema } from "../_shared/messages/mark-read.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Marks a conversation as read up to a moment, or its newest received message as unread",
    body: markReadSchema,
    responses: { 200: readStateSchema },
    errors: [],
  }],
} as const satisfies Contract;
