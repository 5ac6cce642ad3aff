import { settingsSchema } from "../_shared/messages/settings.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Your rules for messages: answers to keywords, countries, how long texts are kept",
    responses: { 200: settingsSchema },
    errors: [],
  }, {
    method: "POST",
    path: "",
    summary: "Replaces your rules as a whole; null is the default",
    body: settingsSchema,
    responses: { 200: settingsSchema },
    errors: [],
  }],
} as const satisfies Contract;
