import * as z from "zod";

/** A time of the database in ISO 8601 and UTC. The APIs in front of the database print times differently. */
export function isoOf(time: string): string;
export function isoOf(time: string | null): string | null;
export function isoOf(time: string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

/** Seconds since 1970, as Stripe writes times, in ISO 8601 and UTC. */
export function isoOfSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Whether Postgres and `toISOString` print the year of a time alike. */
export const hasStorableYear = (time: Date): boolean => time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9999;

/** A moment in a request: ISO 8601 with an offset, in a year that the database can store. The output is in UTC. */
export const momentSchema = z.iso.datetime({ offset: true }).transform((text) => new Date(text))
  .refine(hasStorableYear, "must be in the years 1 to 9999")
  .transform((time) => time.toISOString());

/** A time as `timestampOf` writes it, to the microsecond. A JavaScript date holds milliseconds only. */
export const timestampSchema = z.iso.datetime({ offset: true }).regex(/^(?!0000).*(?:Z|[+-]00:00)$/);

/** A time of the database with all its digits. Some APIs in front of it omit the `T` and the minutes of the offset. */
export function timestampOf(time: string): string {
  return time.replace(" ", "T").replace(/[+-]\d\d$/, "$&:00");
}
