/** What a contact may have at most: characters, and tags. The constraints of `public.contacts` are the same. */
export const MAX_NAME_LENGTH = 100;
export const MAX_NOTES_LENGTH = 2000;
export const MAX_TAGS = 20;
export const MAX_TAG_LENGTH = 40;
/** The most contacts of one import. */
export const MAX_IMPORTED = 1000;
