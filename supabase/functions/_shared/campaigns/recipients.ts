import { LONGEST_BODY } from "../messages/compose.ts";
import { readPhoneNumber } from "../numbers/read-phone-number.ts";
import { isBlank, isStorable } from "../platform/text.ts";
import { columnName, readTemplate } from "./template.ts";

/** A recipient, with values for the placeholders of the text. What a request has in its place may be anything. */
export interface RecipientInput {
  to: string;
  variables?: Record<string, string | number | boolean | null> | null | undefined;
}

/** A recipient as the database stores it: E.164, the country, and the values that the text uses. */
export interface ReadyRecipient {
  position: number;
  to: string;
  country: string;
  /** By the text between the braces of the placeholder; null for a text without any. */
  variables: Record<string, string> | null;
}

/** A row that gets no message, by its position in the request. */
export interface RejectedRecipient {
  index: number;
  to: string;
  code: RejectionCode;
  message: string;
}

type RejectionCode =
  | "invalid_row"
  | "invalid_recipient"
  | "duplicate_recipient"
  | "invalid_variable"
  | "missing_variable"
  | "body_too_long"
  | "invalid_text";

type Rejection = [code: RejectionCode, message: string];

export interface CheckedRecipients {
  ready: ReadyRecipient[];
  rejected: RejectedRecipient[];
  /** Fields of rows beside `to` and `variables`, which are ignored: the first twenty. */
  ignoredColumns: string[];
}

const MOST_IGNORED_COLUMNS = 20;
const LONGEST_TO = 64;

/**
 * Checks every row, without rendering its text: the database does that when it reserves the message. Two spellings of a
 * number are duplicates. Pure; about 10 µs a row.
 * @param defaultCountry as in `readPhoneNumber`
 */
export function checkRecipients(
  recipients: readonly unknown[],
  template: string | null,
  defaultCountry?: string,
): CheckedRecipients {
  const text = template === null ? null : measured(template);
  const seen = new Map<string, number>();
  const ignored = new Set<string>();
  const ready: ReadyRecipient[] = [];
  const rejected: RejectedRecipient[] = [];
  recipients.forEach((row, index) => {
    const reject = ([code, message]: Rejection) => rejected.push({ index, to: shownTo(row), code, message });
    if (!isObject(row)) return reject(["invalid_row", "is not an object"]);
    noteIgnored(row, ignored);
    const recipient = recipientOf(row["to"], defaultCountry);
    if (Array.isArray(recipient)) return reject(recipient);
    const earlier = seen.get(recipient.number);
    if (earlier !== undefined) return reject(["duplicate_recipient", `is the same number as in row ${earlier}`]);
    const variables = row["variables"] ?? {};
    if (!isObject(variables)) return reject(["invalid_row", `"variables" is not an object of names and values`]);
    const values = text === null ? null : valuesOf(text, variables);
    if (Array.isArray(values)) return reject(values);
    seen.set(recipient.number, index);
    ready.push({ position: index, to: recipient.number, country: recipient.country, variables: values });
  });
  return { ready, rejected, ignoredColumns: [...ignored] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shownTo(row: unknown): string {
  const to = isObject(row) ? row["to"] : undefined;
  return typeof to === "string" || typeof to === "number" ? String(to).slice(0, LONGEST_TO).toWellFormed() : "";
}

function noteIgnored(row: Record<string, unknown>, ignored: Set<string>): void {
  for (const column in row) {
    if (ignored.size === MOST_IGNORED_COLUMNS) return;
    if (column !== "to" && column !== "variables") ignored.add(column.slice(0, LONGEST_TO).toWellFormed());
  }
}

function recipientOf(to: unknown, defaultCountry: string | undefined) {
  const invalid = (message: string): Rejection => ["invalid_recipient", message];
  if (to === undefined || to === null || to === "") return invalid(`has no phone number in "to"`);
  if (typeof to !== "string") return invalid(`"to" is not a text: a phone number begins with + or 0`);
  if (to.length > LONGEST_TO) return invalid(`"to" has more than ${LONGEST_TO} characters`);
  return readPhoneNumber(to, defaultCountry) ?? invalid(problemOfNumber(defaultCountry));
}

/** Why a text is not a recipient. */
export function problemOfNumber(defaultCountry: string | undefined): string {
  return defaultCountry === undefined
    ? "is not one phone number in international form (+ and country code)"
    : `is not one phone number in international form (+ and country code) or in the national form of ${defaultCountry}`;
}

interface MeasuredTemplate {
  /** The length of everything but the placeholders. */
  length: number;
  isBlank: boolean;
  isStorable: boolean;
  uses: { written: string; name: string; times: number }[];
}

function measured(template: string): MeasuredTemplate {
  const { literals, uses } = readTemplate(template);
  return {
    length: literals.length,
    isBlank: isBlank(literals),
    isStorable: isStorable(template),
    uses: Array.from(uses, ([written, times]) => ({ written, name: columnName(written), times })),
  };
}

/** The values of the placeholders; why they do not make a text that can be sent, if they do not. Values are inserted unchanged. */
function valuesOf(
  text: MeasuredTemplate,
  variables: Readonly<Record<string, unknown>>,
): Record<string, string> | null | Rejection {
  let { length, isBlank: blank, isStorable: canBeStored } = text;
  const lookUp = lookUpIn(variables);
  const values: [written: string, value: string][] = [];
  for (const { written, name, times } of text.uses) {
    const given = lookUp(written, name);
    if (given === undefined || given === null) return ["missing_variable", `has no value for "${name}"`];
    const value = textOf(given);
    if (value === null) {
      return [
        "invalid_variable",
        `the value for "${name}" is not a text, a boolean or an exact number: write it as a text`,
      ];
    }
    values.push([written, value]);
    length += value.length * times;
    blank &&= isBlank(value);
    canBeStored &&= isStorable(value);
  }
  if (length > LONGEST_BODY) {
    return ["body_too_long", `makes a text of ${length} characters: at most ${LONGEST_BODY} are allowed`];
  }
  if (blank || !canBeStored) return ["invalid_text", "makes a text that is empty or cannot be sent"];
  return values.length === 0 ? null : Object.fromEntries(values);
}

/** Finds a value by its column's name: the exact one, the clean one, or one that is the same by `columnName`. */
function lookUpIn(variables: Readonly<Record<string, unknown>>): (written: string, name: string) => unknown {
  let byName: Map<string, unknown> | undefined;
  return (written, name) => {
    if (Object.hasOwn(variables, written)) return variables[written];
    if (Object.hasOwn(variables, name)) return variables[name];
    byName ??= new Map(Object.keys(variables).map((column) => [columnName(column), variables[column]]));
    return byName.get(name);
  };
}

/** A value as text; null for one that has no certain text: an object, or a number that JSON cannot hold exactly. */
function textOf(value: unknown): string | null {
  switch (typeof value) {
    case "string":
      return value;
    case "boolean":
      return String(value);
    case "number": {
      const text = String(value);
      return text.includes("e") || (Number.isInteger(value) && !Number.isSafeInteger(value)) ? null : text;
    }
    default:
      return null;
  }
}
