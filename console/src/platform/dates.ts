const long = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** `22 November 2026`, in the reader's locale. All functions here take ISO 8601. */
export function longDate(iso: string): string {
  return long.format(new Date(iso));
}

/** `14:05` */
export function timeOfDay(iso: string): string {
  return time.format(new Date(iso));
}

/** `Today`, or `Sunday, 22 November` */
export function dayOf(iso: string, now = new Date()): string {
  const date = new Date(iso);
  return date.toDateString() === now.toDateString() ? "Today" : day.format(date);
}

/** The time if the date is today, the day otherwise. */
export function timeOrDay(iso: string, now = new Date()): string {
  const date = new Date(iso);
  return date.toDateString() === now.toDateString() ? time.format(date) : shortDay.format(date);
}

/** `22 Nov 2026, 14:05` */
export function dateAndTime(iso: string): string {
  return full.format(new Date(iso));
}
