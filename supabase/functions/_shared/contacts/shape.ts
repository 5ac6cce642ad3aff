import * as z from "zod";
import { defaultCountrySchema, phoneNumberInQuery } from "../numbers/phone-number.ts";
import { cursorParameter, limitParameter, nextSchema } from "../platform/paging.ts";
import { isBlank } from "../platform/text.ts";
import { MAX_IMPORTED, MAX_NAME_LENGTH, MAX_NOTES_LENGTH, MAX_TAG_LENGTH } from "./limits.ts";
import { problemOfTags, tagOf, tagsOf } from "./tags.ts";

/** Far above what is kept, so that a list with many repetitions is not refused before they are left out. */
const MAX_GIVEN_TAGS = 200;

/** A name on one line. A blank one is none. */
export const nameSchema = z.string().transform((text) => isBlank(text) ? null : text.replace(/\s+/gu, " ").trim())
  .pipe(z.string().max(MAX_NAME_LENGTH).nullable());

export const notesSchema = z.string().transform((text) => isBlank(text) ? null : text.trim())
  .pipe(z.string().max(MAX_NOTES_LENGTH).nullable());

export const tagsSchema = z.array(z.string()).max(MAX_GIVEN_TAGS).transform(tagsOf).superRefine((tags, context) => {
  const problem = problemOfTags(tags);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

/** A tag in a query, in any case. */
export const tagInQuery = z.string().max(200).transform(tagOf).pipe(z.string().min(1).max(MAX_TAG_LENGTH));

/** A search in a query: the beginnings of words, or digits of a number. */
export const searchInQuery = z.string().trim().min(1).max(200);

export const contactSchema = z.strictObject({
  phoneNumber: z.string().describe("E.164"),
  name: z.string().nullable(),
  notes: z.string().nullable(),
  tags: z.array(z.string()),
  createdAt: z.string(),
  updatedAt: z.string(),
}).meta({ id: "Contact", description: "What you know about another number. Times are ISO 8601" });

export type Contact = z.output<typeof contactSchema>;

export const contactsQuery = z.strictObject({
  phoneNumber: phoneNumberInQuery.optional().describe("The contact with this number, in any notation with +"),
  search: searchInQuery.optional().describe(
    "Beginnings of words of the name, in any order, or three or more digits of the number; as in list-messages",
  ),
  tag: tagInQuery.optional().describe("In any case"),
  limit: limitParameter(200, 50),
  cursor: cursorParameter(z.tuple([z.string().max(200), z.string().max(16)])),
}).meta({ id: "ContactsQuery" });

export const contactPageSchema = z.strictObject({ contacts: z.array(contactSchema), next: nextSchema })
  .meta({ id: "ContactPage", description: "The response of contacts, by name; contacts without a name are the last" });

export const contactTagsSchema = z.strictObject({
  tags: z.array(z.strictObject({ tag: z.string(), contacts: z.number().describe("How many contacts have it") })),
}).meta({ id: "ContactTags", description: "Your 1,000 most frequent tags, by name" });

export const contactChangeSchema = z.strictObject({
  phoneNumber: z.string().max(64).describe("In any notation with + and country code, or as defaultCountry writes it"),
  name: nameSchema.nullable().optional().describe("At most 100 characters"),
  notes: notesSchema.nullable().optional().describe("At most 2,000 characters"),
  tags: tagsSchema.nullable().optional().describe(
    "At most 20 of at most 40 characters. Blank ones and those that differ only in case are left out",
  ),
  defaultCountry: defaultCountrySchema,
}).meta({ id: "ContactChange", description: "A field that is left out stays as it is; null clears it" });

export const savedContactSchema = z.strictObject({
  contact: contactSchema,
  outcome: z.enum(["added", "updated", "unchanged"]),
}).meta({ id: "SavedContact" });

/** A row as callers write it. */
interface ContactRow {
  phoneNumber?: string | number | null | undefined;
  name?: string | null | undefined;
  notes?: string | null | undefined;
  tags?: string[] | null | undefined;
}

/** Any value is accepted here: `checkContacts` rejects a bad row by itself, without the others. */
const contactRowSchema = z.unknown().meta({
  id: "ContactRow",
  description: "As ContactChange. Other fields are ignored",
  type: "object",
  properties: {
    phoneNumber: { type: ["string", "number", "null"], description: "A phone number with + and country code" },
    name: { type: ["string", "null"] },
    notes: { type: ["string", "null"] },
    tags: { type: ["array", "null"], items: { type: "string" } },
  },
}) as unknown as z.ZodType<ContactRow, ContactRow>;

export const contactImportSchema = z.strictObject({
  contacts: z.array(contactRowSchema).min(1).max(MAX_IMPORTED),
  defaultCountry: defaultCountrySchema,
}).meta({ id: "ContactImport" });

export const rejectedContactSchema = z.strictObject({
  index: z.number().describe("The row's position in the request, from 0"),
  phoneNumber: z.string(),
  code: z.enum(["invalid_row", "invalid_number", "invalid_name", "invalid_notes", "invalid_tags", "too_many_contacts"]),
  message: z.string(),
}).meta({ id: "RejectedContact" });

export type RejectedContact = z.output<typeof rejectedContactSchema>;

export const importedContactsSchema = z.strictObject({
  added: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  repeated: z.number().describe("Rows with the number of an earlier row, which they complete and override"),
  rejected: z.array(rejectedContactSchema),
}).meta({ id: "ImportedContacts", description: "What came of each row" });

export const contactDeletionSchema = z.strictObject({
  phoneNumber: z.string().max(64),
  defaultCountry: defaultCountrySchema,
}).meta({ id: "ContactDeletion" });

export const deletedContactSchema = z.strictObject({
  deleted: z.boolean().describe("false: there was no such contact"),
}).meta({ id: "DeletedContact" });
