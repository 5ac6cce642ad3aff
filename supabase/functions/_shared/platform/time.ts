/** A time of the database's as callers see it: ISO 8601 in UTC, whatever the spelling of the API in front of the database. */
export function isoOf(time: string): string;
export function isoOf(time: string | null): string | null;
export function isoOf(time: string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
