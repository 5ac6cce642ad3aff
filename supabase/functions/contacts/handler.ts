import { deleteContact, importContacts, listContacts, listTags, saveContact } from "../_shared/contacts/contacts.ts";
import {
  contactChangeSchema,
  contactDeletionSchema,
  contactImportSchema,
  contactsQuery,
} from "../_shared/contacts/shape.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson, readQuery } from "../_shared/platform/request.ts";

/** A search runs with each key that is pressed. */
const LIST_LIMIT = { action: "contacts-list", perUser: 240, perAddress: 1200, windowSeconds: 60 };
const TAGS_LIMIT = { action: "contacts-tags", perUser: 60, perAddress: 300, windowSeconds: 60 };
const SAVE_LIMIT = { action: "contacts-save", perUser: 120, perAddress: 600, windowSeconds: 60 };
/** All contacts that are kept for one tenant, within a minute. */
const IMPORT_LIMIT = { action: "contacts-import", perUser: 60, perAddress: 120, windowSeconds: 60 };
/** Enough for 1,000 rows with long notes. */
const MAX_IMPORT_BYTES = 4 * 1024 * 1024;

/** GET lists contacts, and `/tags` their tags. POST saves one, `/import` many, and `/delete` deletes one. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { db, user, path } = context;
  if (request.method === "GET") {
    if (path === "/tags") {
      await enforceRateLimit(TAGS_LIMIT, request, context);
      return Response.json(await listTags(db, user.id));
    }
    const query = readQuery(request, contactsQuery);
    await enforceRateLimit(LIST_LIMIT, request, context);
    return Response.json(await listContacts(db, user.id, query));
  }
  if (path === "/import") {
    const wish = await readJson(request, contactImportSchema, MAX_IMPORT_BYTES, "contacts");
    await enforceRateLimit(IMPORT_LIMIT, request, context);
    return Response.json(await importContacts(db, user.id, wish));
  }
  if (path === "/delete") {
    const wish = await readJson(request, contactDeletionSchema);
    await enforceRateLimit(SAVE_LIMIT, request, context);
    return Response.json(await deleteContact(db, user.id, wish));
  }
  const wish = await readJson(request, contactChangeSchema);
  await enforceRateLimit(SAVE_LIMIT, request, context);
  return Response.json(await saveContact(db, user.id, wish));
}
