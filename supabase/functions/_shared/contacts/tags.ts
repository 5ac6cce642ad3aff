import { isBlank } from "../platform/text.ts";
import { MAX_TAG_LENGTH, MAX_TAGS } from "./limits.ts";

/** A tag as it is stored and compared: composed characters, and single spaces between words. */
export function tagOf(text: string): string {
  return isBlank(text) ? "" : text.normalize("NFC").replace(/\s+/gu, " ").trim();
}

/** Tags that differ only in their case are one tag. */
const keyOf = (tag: string) => tag.toLowerCase();

/**
 * The tags of a contact, in their order: blank ones and repetitions are left out, and the first spelling of a tag stays.
 * @example tagsOf(["VIP", " vip ", ""]) // ["VIP"]
 */
export function tagsOf(texts: readonly string[]): string[] {
  const byKey = new Map<string, string>();
  for (const tag of texts.map(tagOf)) {
    if (tag !== "" && !byKey.has(keyOf(tag))) byKey.set(keyOf(tag), tag);
  }
  return [...byKey.values()];
}

/** What is wrong with the tags of a contact, as `tagsOf` returns them; null if nothing is. */
export function problemOfTags(tags: readonly string[]): string | null {
  if (tags.length > MAX_TAGS) return `must be at most ${MAX_TAGS} tags`;
  if (tags.some((tag) => tag.length > MAX_TAG_LENGTH)) return `must be tags of at most ${MAX_TAG_LENGTH} characters`;
  return null;
}
