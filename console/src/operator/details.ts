import { dateAndTime } from "../platform/dates.ts";

/** One fact of an alert, a job or an audit line. A value with parts has no text of its own. */
export interface Detail {
  label: string;
  value: string | readonly Detail[];
}

/** Deeper than this, a value is shown as JSON. */
const DEEPEST = 3;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
const NAMES: Readonly<Record<string, string>> = {
  sid: "SID",
  id: "ID",
  ids: "IDs",
  url: "URL",
  sms: "SMS",
  mms: "MMS",
};

/** `Account SID`, from `accountSid`, `account_sid` or `account-sid`. Text that is not a name stays as it is. */
export function inWords(name: string): string {
  if (!/^[a-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*$/.test(name)) return name;
  const words = name.replaceAll(/[_-]/g, " ").replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase().split(" ");
  const text = words.map((word) => NAMES[word] ?? word).join(" ");
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The facts of a record in words. Nothing is left out, except what is null or empty. */
export function detailsOf(record: Readonly<Record<string, unknown>>, depth = 1): Detail[] {
  return Object.entries(record).filter(([, value]) => !isNothing(value)).map(([name, value]) => ({
    label: inWords(name),
    value: valueOf(value, depth),
  }));
}

function valueOf(value: unknown, depth: number): Detail["value"] {
  if (typeof value === "string") {
    return TIME.test(value) && !Number.isNaN(Date.parse(value)) ? dateAndTime(value) : value;
  }
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) {
    return value.every(isPlain) ? value.map(String).join(", ") : JSON.stringify(value);
  }
  if (typeof value === "object" && value !== null) {
    return depth >= DEEPEST ? JSON.stringify(value) : detailsOf(value as Record<string, unknown>, depth + 1);
  }
  return String(value);
}

const isPlain = (value: unknown) => typeof value !== "object" || value === null;

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
