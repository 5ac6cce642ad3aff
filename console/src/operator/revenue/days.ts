const label = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** Usage should be billed after so many days: prices arrive within two, and calls to Stripe within hours. */
const DAYS_TO_BILL = 3;
const DAY_MS = 86_400_000;

/** `26 Nov 2026`, of a UTC day. */
export function dayLabel(day: string): string {
  return label.format(new Date(`${day}T00:00:00Z`));
}

/** The last UTC day whose usage should be billed by now. */
export function lastLateDay(now: Date): string {
  return new Date(now.getTime() - DAYS_TO_BILL * DAY_MS).toISOString().slice(0, 10);
}

/** Whether usage of a UTC day should be billed by now. */
export function isLate(day: string, now: Date): boolean {
  return day <= lastLateDay(now);
}
