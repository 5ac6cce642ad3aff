import type { SealingKeys } from "../../../../client/switchboard.ts";
import { numbered } from "../health/words.ts";

/** Whether everything is sealed with the current key, in a sentence. */
export function keysInWords({ current, inUse }: SealingKeys): string {
  const all = inUse.reduce((sum, { tokens }) => sum + tokens, 0);
  const older = inUse.filter(({ keyId }) => keyId !== current).reduce((sum, { tokens }) => sum + tokens, 0);
  if (all === 0) return "Nothing is sealed yet";
  if (older === 0) {
    return `${numbered(all, "text is", "texts are")} sealed with the current key, none with an older one`;
  }
  return `${numbered(older, "text is", "texts are")} sealed with an older key, of ${all.toLocaleString()}`;
}
