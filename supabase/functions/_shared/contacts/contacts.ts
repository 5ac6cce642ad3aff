import type * as z from "zod";
import { completeCompositesFrom, completeRows, type Db, decision } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { page, writeCursor } from "../platform/paging.ts";
import { isoOf } from "../platform/time.ts";
import { checkContacts, type ContactToSave } from "./check.ts";
import type {
  Contact,
  contactChangeSchema,
  contactDeletionSchema,
  contactImportSchema,
  contactPageSchema,
  contactsQuery,
  contactTagsSchema,
  deletedContactSchema,
  importedContactsSchema,
  RejectedContact,
  savedContactSchema,
} from "./shape.ts";

const NULLABLE = ["name", "notes"] as const;
type ContactRow = ReturnType<typeof completeCompositesFrom<"contact", typeof NULLABLE[number]>>[number];

/** One page of a tenant's contacts. */
export async function listContacts(
  db: Db,
  userId: string,
  query: z.output<typeof contactsQuery>,
): Promise<z.output<typeof contactPageSchema>> {
  const [afterName, afterNumber] = query.cursor ?? [null, null];
  const found = await completeRows(db, "list_contacts", {
    p_user_id: userId,
    p_phone_number: query.phoneNumber ?? null,
    p_search: query.search ?? null,
    p_tag: query.tag ?? null,
    p_after_name: afterName,
    p_after_number: afterNumber,
    p_limit: query.limit,
  }, NULLABLE);
  const nextOf = (last: ContactRow) => writeCursor([last.sorted_name, last.phone_number]);
  const { items: contacts, next } = page(found, query.limit, contactOf, nextOf);
  return { contacts, next };
}

function contactOf(row: ContactRow): Contact {
  return {
    phoneNumber: row.phone_number,
    name: row.name,
    notes: row.notes,
    tags: row.tags,
    createdAt: isoOf(row.created_at),
    updatedAt: isoOf(row.updated_at),
  };
}

/** A tenant's tags. */
export async function listTags(db: Db, userId: string): Promise<z.output<typeof contactTagsSchema>> {
  return { tags: await completeRows(db, "list_contact_tags", { p_user_id: userId, p_limit: 1000 }) };
}

const saveContactsIn = decision("save_contacts", {
  saved: ["added", "updated", "unchanged", "over_limit", "contact?"],
  unknown_user: [],
});

async function save(db: Db, userId: string, contacts: readonly ContactToSave[]) {
  const saved = await saveContactsIn(db, { p_user_id: userId, p_contacts: contacts.map((row) => ({ ...row })) });
  if (saved.outcome === "unknown_user") {
    throw new ApiError("unauthorized", "Cannot save contacts: this user was deleted");
  }
  return saved;
}

/** Adds a contact or changes it. @throws ApiError `invalid_recipient`, `too_many_contacts` */
export async function saveContact(
  db: Db,
  userId: string,
  { defaultCountry, phoneNumber, name, notes, tags }: z.output<typeof contactChangeSchema>,
): Promise<z.output<typeof savedContactSchema>> {
  const saved = await save(db, userId, [{
    position: 0,
    phone_number: await readNumber(phoneNumber, defaultCountry),
    ...(name !== undefined && { name }),
    ...(notes !== undefined && { notes }),
    ...(tags !== undefined && { tags: tags ?? [] }),
  }]);
  const [contact] = completeCompositesFrom("contact", [saved.contact].filter((row) => row !== null), NULLABLE);
  if (contact === undefined) throw new ApiError("too_many_contacts", `Cannot add a contact: ${FULL}`);
  return {
    contact: contactOf(contact),
    outcome: saved.added > 0 ? "added" : saved.updated > 0 ? "updated" : "unchanged",
  };
}

const FULL = "you have as many as are kept for one tenant";

async function readNumber(text: string, defaultCountry: string | undefined): Promise<string> {
  const { readPhoneNumber } = await import("../numbers/read-phone-number.ts");
  const read = readPhoneNumber(text, defaultCountry);
  if (read !== null) return read.number;
  throw new ApiError(
    "invalid_recipient",
    `Cannot use the contact: "${text}" is not a phone number in international form (+ and country code)`,
  );
}

/** Adds or changes contacts. Rows that cannot be saved are rejected, each with its reason. */
export async function importContacts(
  db: Db,
  userId: string,
  { contacts, defaultCountry }: z.output<typeof contactImportSchema>,
): Promise<z.output<typeof importedContactsSchema>> {
  const { ready, repeated, rejected } = await checkContacts(contacts, defaultCountry);
  const { added, updated, unchanged, over_limit } = await save(db, userId, ready);
  const overLimit = over_limit.map((index): RejectedContact => ({
    index,
    phoneNumber: ready.find(({ position }) => position === index)!.phone_number,
    code: "too_many_contacts",
    message: `cannot be added: ${FULL}`,
  }));
  return {
    added,
    updated,
    unchanged,
    repeated,
    rejected: [...rejected, ...overLimit].sort((left, right) => left.index - right.index),
  };
}

const deleteContactIn = decision("delete_contact", { deleted: [], unknown_contact: [] });

/** Deletes a contact. @throws ApiError `invalid_recipient` */
export async function deleteContact(
  db: Db,
  userId: string,
  { phoneNumber, defaultCountry }: z.output<typeof contactDeletionSchema>,
): Promise<z.output<typeof deletedContactSchema>> {
  const number = await readNumber(phoneNumber, defaultCountry);
  const { outcome } = await deleteContactIn(db, { p_user_id: userId, p_phone_number: number });
  return { deleted: outcome === "deleted" };
}
