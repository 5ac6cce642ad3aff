import { longDate } from "../platform/dates.ts";

const DAY_MS = 86_400_000;

/** The moment before which texts are deleted. */
export function cutoff(days: number, now: Date): Date {
  return new Date(now.getTime() - days * DAY_MS);
}

/** `1 day`, `90 days` */
export function daysText(days: number): string {
  return days === 1 ? "1 day" : `${new Intl.NumberFormat().format(days)} days`;
}

/**
 * What a retention deletes and when.
 * @param days null: texts are kept
 * @example retentionSentence(90, now) // "… On November 27, 2026, that is everything before August 29, 2026."
 */
export function retentionSentence(days: number | null, now: Date): string {
  if (days === null) return "Texts are kept until you delete them, or your account is deleted.";
  return `Texts and pictures of messages older than ${daysText(days)} are deleted every day. ` +
    `Today, ${longDate(now.toISOString())}, that is everything before ${longDate(cutoff(days, now).toISOString())}.`;
}

/** What the first deletion takes once a shorter retention is saved. */
export function deletedNow(before: number | null, after: number, now: Date): string {
  const until = longDate(cutoff(after, now).toISOString());
  return before === null
    ? `the texts and pictures of every message before ${until}`
    : `the texts and pictures of messages from ${longDate(cutoff(before, now).toISOString())} to ${until}`;
}
