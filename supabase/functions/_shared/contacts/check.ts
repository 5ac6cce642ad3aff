import type * as z from "zod";
import { isStorable } from "../platform/text.ts";
import { nameSchema, notesSchema, type RejectedContact, tagsSchema } from "./shape.ts";

/** A contact as the database saves it. A field that is left out stays as it is, and null clears it. */
export interface ContactToSave {
  position: number;
  phone_number: string;
  name?: string | null;
  notes?: string | null;
  tags?: string[];
}

const FIELDS = [
  ["name", nameSchema, "invalid_name", "has a name that is not a text of at most 100 characters"],
  ["notes", notesSchema, "invalid_notes", "has notes that are not a text of at most 2,000 characters"],
  ["tags", tagsSchema, "invalid_tags", "has tags that are not at most 20 texts of at most 40 characters"],
] as const satisfies readonly (readonly [keyof ContactToSave, z.ZodType, RejectedContact["code"], string])[];

/**
 * Checks every row. A row with the number of an earlier one completes it, and overrides the fields that both have.
 * @param repeated how many rows did so
 */
export async function checkContacts(
  rows: readonly unknown[],
  defaultCountry: string | undefined,
): Promise<{ ready: ContactToSave[]; repeated: number; rejected: RejectedContact[] }> {
  const { readPhoneNumber } = await import("../numbers/read-phone-number.ts");
  const ready = new Map<string, ContactToSave>();
  const rejected: RejectedContact[] = [];
  let repeated = 0;
  rows.forEach((row, position) => {
    const written = textOf(row, "phoneNumber");
    const reject = (code: RejectedContact["code"], message: string) =>
      rejected.push({ index: position, phoneNumber: shown(written), code, message });
    if (typeof row !== "object" || row === null) return reject("invalid_row", "is not an object");
    const number = readPhoneNumber(written, defaultCountry)?.number;
    if (number === undefined) return reject("invalid_number", "has no phone number in international form");
    const fields: Omit<ContactToSave, "position" | "phone_number"> = {};
    for (const [name, schema, code, message] of FIELDS) {
      const value = (row as Record<string, unknown>)[name];
      if (value === undefined) continue;
      const parsed = value === null ? CLEARED[name] : readField(schema, value);
      if (parsed === undefined) return reject(code, message);
      Object.assign(fields, { [name]: parsed });
    }
    const earlier = ready.get(number);
    if (earlier !== undefined) repeated++;
    ready.set(number, { position, phone_number: number, ...earlier, ...fields });
  });
  return { ready: [...ready.values()], repeated, rejected };
}

const CLEARED = { name: null, notes: null, tags: [] } as const;

function readField(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  return parsed.success && [parsed.data].flat().every((text) => text === null || isStorable(text as string))
    ? parsed.data
    : undefined;
}

/** The text of a cell; "" for one that is neither a text nor a number. */
function textOf(row: unknown, name: string): string {
  const value = (row as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
}

/** A cell as a response quotes it. */
function shown(cell: string): string {
  return cell.slice(0, 100).toWellFormed();
}
