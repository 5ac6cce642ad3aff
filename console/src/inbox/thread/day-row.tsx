import { dayOf } from "../../platform/dates.ts";

/** The day of the messages below it. */
export function DayRow({ at }: { at: string }) {
  return <time dateTime={at}>{dayOf(at)}</time>;
}
