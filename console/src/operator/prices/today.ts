/** The UTC day, as prices are dated. */
export function todayInUtc(): string {
  return new Date().toISOString().slice(0, 10);
}

const label = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** `26 Nov 2026`, of a UTC day. */
export function dayInWords(day: string): string {
  return label.format(new Date(`${day}T00:00:00Z`));
}

/** What is wrong with a day that was entered. */
export function faultOfDay(day: string): string | null {
  return /^20\d\d-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day)) ? null : "Choose a day";
}
