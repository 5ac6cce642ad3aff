/** The date forms of Twilio's answers. All arguments and results are UTC milliseconds. */

/** `Thu, 30 Jul 2015 20:00:00 +0000`, the form of every v2010 resource. */
export function rfc2822(at: number): string {
  return new Date(at).toUTCString().replace("GMT", "+0000");
}

/** `2015-07-31T04:00:00Z`, the form of accounts.twilio.com. */
export function isoSeconds(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** `2015-07-31`, the form of usage records. */
export function isoDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

export const DAY_MS = 86_400_000;

/** Midnight that began the day of `at`. */
export function startOfDay(at: number): number {
  return Date.parse(`${isoDay(at)}T00:00:00Z`);
}
