import { z } from "zod";

/** A moment in a request, as ISO 8601 with an offset, in the years that the database knows; ISO in UTC from then on. */
export const momentSchema = z.iso.datetime({ offset: true }).transform((text) => new Date(text))
  .refine((time) => time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9999, "must be in the years 1 to 9999")
  .transform((time) => time.toISOString());

/**
 * The place where a list goes on: the key of the last row seen, as JSON in base64url. To callers it is a text without a
 * meaning; whatever somebody makes up is checked like any other input.
 */
export function cursorSchema<Key extends z.ZodType>(key: Key) {
  return z.string().max(500).transform((text, context) => {
    const parsed = key.safeParse(readCursor(text));
    if (parsed.success) return parsed.data;
    context.addIssue({ code: "custom", message: "must be the `next` of an earlier page" });
    return z.NEVER;
  });
}

/** A time as `timestampOf` writes it, to the microsecond: a JavaScript date would lose the last three digits. */
export const timestampSchema = z.iso.datetime({ offset: true }).regex(/^(?!0000).*(?:Z|[+-]00:00)$/);

/** A time of the database's for a cursor. Not every API in front of it has the `T` and the minutes of the offset. */
export function timestampOf(time: string): string {
  return time.replace(" ", "T").replace(/[+-]\d\d$/, "$&:00");
}

export function writeCursor(key: readonly (string | number)[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify(key));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function readCursor(text: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (byte) => byte.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
