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

/** No moment that a caller can mean is outside these: a date of 1970 or 20026 is an error in the caller's program. */
const EARLIEST = Date.UTC(2000);
const LATEST = Date.UTC(2100);

/** A moment in a request: ISO 8601 with a time zone, in the years 2000 to 2099. The output is in UTC. */
export const momentSchema = z.iso.datetime({
  offset: true,
  error: "must be ISO 8601 with a time zone, such as 2026-11-26T12:00:00Z",
}).transform((text) => Date.parse(text))
  .refine((time) => time >= EARLIEST && time < LATEST, "must be in the years 2000 to 2099")
  .transform((time) => new Date(time).toISOString());

/** A moment in a query, where the `+` of an offset arrives as a blank if it was not encoded. */
export const momentInQuery = z.string().meta({ format: "date-time" })
  .transform((text) => text.replace(/ (?=\d\d:\d\d$)/, "+")).pipe(momentSchema);

/** A time as `timestampOf` writes it, to the microsecond. A JavaScript date holds milliseconds only. */
export const timestampSchema = z.iso.datetime({ offset: true }).regex(/^(?!0000).*(?:Z|[+-]00:00)$/);

/** A time of the database with all its digits. Some APIs in front of it omit the `T` and the minutes of the offset. */
export function timestampOf(time: string): string {
  return time.replace(" ", "T").replace(/[+-]\d\d$/, "$&:00");
}
