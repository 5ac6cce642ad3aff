import { Constants } from "../database.types.ts";
import type { Enum } from "../platform/database.ts";

const PREFIX = "switchboard_";

/** The kind of usage that a meter counts, by its event name; null for a meter that is not ours. */
export function kindOfEventName(eventName: string): Enum<"usage_kind"> | null {
  return Constants.public.Enums.usage_kind.find((kind) => eventName === PREFIX + kind) ?? null;
}
