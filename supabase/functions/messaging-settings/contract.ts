import { settingsChangeSchema, settingsSchema } from "../_shared/messages/settings.ts";
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
    summary: "Replaces all of your rules, if they still have the version that you name; null is the default",
    body: settingsChangeSchema,
    responses: { 200: settingsSchema },
    errors: ["settings_changed"],
  }],
} as const satisfies Contract;
