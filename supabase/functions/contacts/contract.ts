import * as z from "zod";
import {
  contactChangeSchema,
  contactDeletionSchema,
  contactImportSchema,
  contactPageSchema,
  contactsQuery,
  contactTagsSchema,
  deletedContactSchema,
  importedContactsSchema,
  savedContactSchema,
} from "../_shared/contacts/shape.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Lists your contacts by name",
    query: contactsQuery,
    responses: { 200: contactPageSchema },
    errors: [],
  }, {
    method: "GET",
    path: "/tags",
    summary: "Lists your tags, each with its number of contacts",
    query: z.strictObject({}),
    responses: { 200: contactTagsSchema },
    errors: [],
  }, {
    method: "POST",
    path: "",
    summary: "Adds a contact or changes it; repeating the request changes nothing",
    body: contactChangeSchema,
    responses: { 200: savedContactSchema },
    errors: ["invalid_recipient", "too_many_contacts"],
  }, {
    method: "POST",
    path: "/import",
    summary: "Adds or changes up to 1,000 contacts; repeating the request changes nothing",
    body: contactImportSchema,
    responses: { 200: importedContactsSchema },
    errors: [],
  }, {
    method: "POST",
    path: "/delete",
    summary: "Deletes a contact; its messages stay",
    body: contactDeletionSchema,
    responses: { 200: deletedContactSchema },
    errors: ["invalid_recipient"],
  }],
} as const satisfies Contract;
