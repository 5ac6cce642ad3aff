import type { MessageInstance, MessageListInstance } from "twilio/lib/rest/api/v2010/account/message.js";

const PAGE_SIZE = 1000;
const MOST_PAGES = 5;

/** The messages between two numbers that Twilio created since a moment, and whether these are all. */
export interface Listed {
  messages: MessageInstance[];
  isComplete: boolean;
}

/**
 * Lists what an account sent from one number to another since a moment, by the time of creation. Twilio cannot filter by
 * that time. Its filter by `DateSent` is not used, because a queued message has no such date. Twilio lists the newest
 * first, so pages are read until one has only older messages.
 */
export async function listCreatedSince(
  messages: Pick<MessageListInstance, "page">,
  { from, to, since }: { from: string; to: string; since: Date },
): Promise<Listed> {
  const found: MessageInstance[] = [];
  let page = await messages.page({ from, to, pageSize: PAGE_SIZE });
  for (let read = 1; read <= MOST_PAGES; read++) {
    const recent = page.instances.filter(({ dateCreated }) => dateCreated >= since);
    found.push(...recent);
    if (recent.length === 0 && page.instances.length > 0) return { messages: found, isComplete: true };
    const next = await page.nextPage();
    if (next === undefined) return { messages: found, isComplete: true };
    page = next as typeof page;
  }
  return { messages: found, isComplete: false };
}
