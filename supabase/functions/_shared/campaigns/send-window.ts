import * as z from "zod";

const hourSchema = z.string().regex(
  /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/,
  "must be a time as HH:MM, from 00:00 to 24:00",
);

/** The hours of a day at which a campaign is sent, in the time of each recipient unless a time zone is given. */
export const sendWindowSchema = z.strictObject({
  from: hourSchema.describe("HH:MM"),
  to: hourSchema.describe("HH:MM; before from: on the next day"),
  days: z.array(z.enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])).min(1).max(7).optional()
    .describe("The days on which the window begins; every day unless given"),
  timeZone: z.string().min(1).max(64).refine(isTimeZone, "must be a time zone, such as Europe/Berlin").optional()
    .describe("Of all recipients. Without it, the window must be open in every time zone of the recipient's country"),
}).refine(({ from, to }) => from !== to, { path: ["to"], message: "must differ from from: the window is empty" })
  .meta({ id: "SendWindow", description: "The hours of a day at which a campaign is sent" });

/** Names that JavaScript still has and that the time zone database has removed, so that Postgres does not know them. */
const REMOVED: readonly string[] = ["us/pacific-new", "canada/east-saskatchewan"];

/** Names of areas only: an offset has no daylight saving time, and Postgres reads the sign of one the other way. */
function isTimeZone(name: string): boolean {
  if (!/^(?:UTC|[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)+)$/.test(name) || /^Etc\/|^SystemV\//i.test(name)) return false;
  if (REMOVED.includes(name.toLowerCase())) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
