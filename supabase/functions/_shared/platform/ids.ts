import * as z from "zod";

/** A UUID as Postgres prints it, for use within a regular expression. */
export const UUID_PATTERN = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

const UUID = new RegExp(`^${UUID_PATTERN}$`);

/** Whether a text is a UUID as Postgres prints it: in lower case, with hyphens. */
export const isUuid = (text: string): boolean => UUID.test(text);

/** An id in a request: a UUID in any case, read as Postgres prints it, so that it compares with ids of the database. */
export const idSchema = z.guid().toLowerCase();
