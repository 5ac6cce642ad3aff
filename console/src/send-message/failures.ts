import { SwitchboardError } from "../../../client/switchboard.ts";
import type { Failure } from "./draft.ts";

/** The stored failure as the error that it was, for the components that show errors. */
export function errorOf({ code, ...failure }: Failure): SwitchboardError {
  return new SwitchboardError({ ...failure, code: code as SwitchboardError["code"] });
}

export type Field = "to" | "from" | "body" | "mediaUrls";

const FIELDS: Readonly<Record<string, Field>> = {
  invalid_recipient: "to",
  destination_not_enabled: "to",
  invalid_sender: "from",
  number_not_owned: "from",
  number_over_limit: "from",
  body_too_long: "body",
};

/** The field of the form that a failure is about; null if it is about none. */
export function fieldOf({ code, details }: Failure): Field | null {
  const named = details.map((detail) => detail["field"]).find((field) => typeof field === "string");
  const field = /^(to|from|body|mediaUrls)\b/.exec(named ?? "")?.[1] as Field | undefined;
  return FIELDS[code] ?? field ?? null;
}
