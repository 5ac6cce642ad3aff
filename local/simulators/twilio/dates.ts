/** The date formats in Twilio's responses. Times are milliseconds since the epoch, in UTC. */

/** `Thu, 30 Jul 2015 20:00:00 +0000`, the format of v2010 resources. */
export function rfc2822(at: number): string {
  return new Date(at).toUTCString().replace("GMT", "+0000");
}

/** `2015-07-31T04:00:00Z`, the format of accounts.twilio.com. */
export function isoSeconds(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** `2015-07-31`, the format of usage records. */
export function isoDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

export const DAY_MS = 86_400_000;

/** Returns midnight (UTC) at the start of the day of `at`. */
export function startOfDay(at: number): number {
  return Date.parse(`${isoDay(at)}T00:00:00Z`);
}
