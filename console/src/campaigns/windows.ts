import type { SendWindow } from "../../../client/switchboard.ts";

type Day = NonNullable<SendWindow["days"]>[number];

export const DAYS: readonly { value: Day; label: string }[] = [
  { value: "mon", label: "Mon" },
  { value: "tue", label: "Tue" },
  { value: "wed", label: "Wed" },
  { value: "thu", label: "Thu" },
  { value: "fri", label: "Fri" },
  { value: "sat", label: "Sat" },
  { value: "sun", label: "Sun" },
];

/** Working hours: no message at night. */
export const USUAL_WINDOW: SendWindow = { from: "09:00", to: "20:00" };

/** The time zone of this browser. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** `Europe/Berlin` as `Europe / Berlin`: a place where a line can break. */
export function zoneText(zone: string): string {
  return zone.replaceAll("_", " ").replaceAll("/", " / ");
}

/** @example Mon–Fri, 09:00 to 20:00, in each recipient's own time */
export function windowText({ from, to, days, timeZone }: SendWindow): string {
  const zone = timeZone === undefined ? "in each recipient's own time" : `in the time of ${zoneText(timeZone)}`;
  const next = to <= from && to !== "24:00" ? " on the next day" : "";
  return `${daysText(days)}, ${from} to ${to}${next}, ${zone}`;
}

function daysText(days: SendWindow["days"]): string {
  if (days === undefined || days.length === DAYS.length) return "Every day";
  const indexes = DAYS.flatMap(({ value }, index) => days.includes(value) ? index : []);
  const [first, last] = [indexes[0] ?? 0, indexes.at(-1) ?? 0];
  if (indexes.length > 2 && last - first === indexes.length - 1) return `${DAYS[first]!.label}–${DAYS[last]!.label}`;
  return indexes.map((index) => DAYS[index]!.label).join(", ");
}
