import { settingsSchema } from "../_shared/messages/settings.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Returns your rules for messages: replies to keywords, countries, retention of texts",
    responses: { 200: settingsSchema },
    errors: [],
  }, {
    method: "POST",
    path: "",
    summary: "Replaces all of your rules; null is the default",
    body: settingsSchema,
    responses: { 200: settingsSchema },
    errors: [],
  }],
} as const satisfies Contract;
