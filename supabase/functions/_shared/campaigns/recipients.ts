import { LONGEST_BODY } from "../messages/compose.ts";
import { readPhoneNumber } from "../numbers/read-phone-number.ts";
import { isStorable } from "../platform/text.ts";

/** A recipient, with values for the placeholders of the text. */
export interface RecipientInput {
  to: string;
  variables?: Readonly<Record<string, string>> | undefined;
}

/** A recipient as the database stores it: E.164, the country, and the recipient's own text. */
export interface ReadyRecipient {
  position: number;
  to: string;
  country: string;
  body: string | null;
}

/** A row that gets no message, by its position in the request. */
export interface RejectedRecipient {
  index: number;
  to: string;
  code: "invalid_recipient" | "duplicate_recipient" | "missing_variable" | "body_too_long" | "invalid_text";
  message: string;
}

export interface CheckedRecipients {
  ready: ReadyRecipient[];
  rejected: RejectedRecipient[];
}

/**
 * Checks every row and renders its text. Two spellings of a number are duplicates. Pure; about 10 µs a row. A text is
 * rendered only when it is not too long: the work grows with the request, not with what its placeholders would make of it.
 */
export function checkRecipients(recipients: readonly RecipientInput[], template: string | null): CheckedRecipients {
  const text = template === null ? null : parseTemplate(template);
  const seen = new Map<string, number>();
  const ready: ReadyRecipient[] = [];
  const rejected: RejectedRecipient[] = [];
  recipients.forEach(({ to, variables = {} }, index) => {
    const reject = (code: RejectedRecipient["code"], message: string) => rejected.push({ index, to, code, message });
    const recipient = readPhoneNumber(to);
    if (recipient === null) return reject("invalid_recipient", "is not a phone number in international form");
    const earlier = seen.get(recipient.number);
    if (earlier !== undefined) return reject("duplicate_recipient", `is the same number as in row ${earlier}`);
    const missing = text && missingVariable(text, variables);
    if (missing !== null) return reject("missing_variable", `has no value for "${missing}"`);
    const length = text && renderedLength(text, variables);
    if (length !== null && length > LONGEST_BODY) {
      return reject("body_too_long", `makes a text of ${length} characters: at most ${LONGEST_BODY} are allowed`);
    }
    const body = text && render(text, variables);
    if (body !== null && (body.trim() === "" || !isStorable(body))) {
      return reject("invalid_text", "makes a text that is empty or cannot be sent");
    }
    seen.set(recipient.number, index);
    ready.push({ position: index, to: recipient.number, country: recipient.country, body });
  });
  return { ready, rejected };
}

/** `{{name}}`, with or without spaces inside. */
const PLACEHOLDER = /\{\{\s*([A-Za-z][A-Za-z0-9_]{0,63})\s*\}\}/g;

/** A text with placeholders, parsed once for all recipients. */
interface Template {
  /** Fixed texts and names of variables, in turn: the first and the last part are fixed. */
  parts: readonly string[];
  /** How often each variable is inserted, in the order of their first places. */
  times: ReadonlyMap<string, number>;
  /** The length of the fixed texts together. */
  fixedLength: number;
}

function parseTemplate(template: string): Template {
  // Splitting by an expression with a group also returns what the group matched.
  const parts = template.split(PLACEHOLDER);
  const times = new Map<string, number>();
  let fixedLength = 0;
  parts.forEach((part, index) => {
    if (index % 2 === 0) fixedLength += part.length;
    else times.set(part, (times.get(part) ?? 0) + 1);
  });
  return { parts, times, fixedLength };
}

function missingVariable({ times }: Template, variables: Readonly<Record<string, string>>): string | null {
  for (const name of times.keys()) if (!Object.hasOwn(variables, name)) return name;
  return null;
}

/** The length of the text in UTF-16 code units, without making the text. */
function renderedLength({ times, fixedLength }: Template, variables: Readonly<Record<string, string>>): number {
  let length = fixedLength;
  for (const [name, count] of times) length += count * (variables[name]?.length ?? 0);
  return length;
}

/** Values are inserted unchanged: a `{{…}}` within a value is text. */
function render({ parts }: Template, variables: Readonly<Record<string, string>>): string {
  return parts.map((part, index) => index % 2 === 0 ? part : variables[part] ?? "").join("");
}
