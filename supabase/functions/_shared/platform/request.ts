import * as z from "zod";
import { ApiError } from "./errors.ts";
import { isStorable } from "./text.ts";

const DEFAULT_MAX_BYTES = 64 * 1024;
/** Deeper than any request of ours or event of Stripe's, and far below the limits of recursion and of Postgres. */
const MAX_DEPTH = 64;
/** Enough for 10,000 recipients with twenty variables each. An object of a million names takes seconds to parse. */
const MAX_VALUES = 250_000;
/**
 * Far above any object of ours or Stripe's. V8 hashes a number's digits to that number, so a caller can choose names that
 * collide in its sets, also in the one behind `for (… in …)`: the time to check an object then grows with their square.
 */
const MAX_NAMES = 500;
/** Far above any query of ours, for the same reason. */
const MAX_PARAMETERS = 100;
/** How often a body is parsed again without nulls. An issue can hide another one, but not many. */
const NULL_ROUNDS = 3;

/** What is wrong with one field. */
interface FieldDetail {
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

/**
 * How much of a body that is too large is still read and discarded. A response while the client is still writing can reset
 * the connection, and the client would then never see the error.
 */
const LINGER_BYTES = 16 * 1024 * 1024;

/**
 * Reads the body as text and keeps at most `maxBytes`. Content-Length is not trusted.
 * @throws ApiError `body_too_large`, or `invalid_input` when the connection ends first
 */
export async function readText(request: Request, maxBytes = DEFAULT_MAX_BYTES): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) text += decoder.decode(chunk, { stream: true });
      else if (bytes > maxBytes + LINGER_BYTES) break;
    }
  } catch {
    // The caller's doing, and no error of ours to log.
    throw new ApiError("invalid_input", "Cannot read the body: the connection ended before the body did");
  }
  if (bytes > maxBytes) throw new ApiError("body_too_large", `Cannot read a body of more than ${maxBytes} bytes`);
  return text + decoder.decode();
}

/**
 * Reads and checks a JSON body.
 * @param rows a field with rows that the caller checks one by one, also for text that the database would reject
 * @throws ApiError `unsupported_media_type`, `body_too_large`, `invalid_json`, or `invalid_input` with one detail per offending field
 */
export async function readJson<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  maxBytes?: number,
  rows?: string,
): Promise<z.output<Schema>> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ApiError(
      "unsupported_media_type",
      `Cannot read a body of type "${type.slice(0, 100)}": send application/json`,
    );
  }
  return accepted(parseWithoutNulls(parseJson(await readText(request, maxBytes)), schema), rows);
}

/**
 * Parses a body without the fields that are null where the schema accepts no null: many clients send null for a field that
 * they leave out. A null that the schema accepts has a meaning and stays. A required field is then missing, and an unknown
 * field stays unknown. Changes the body in place.
 */
function parseWithoutNulls<Schema extends z.ZodType>(
  body: unknown,
  schema: Schema,
  rounds = NULL_ROUNDS,
): z.ZodSafeParseResult<z.output<Schema>> {
  const parsed = schema.safeParse(body);
  if (parsed.success || rounds === 0) return parsed;
  const paths = [...parsed.error.issues.map(({ path }) => path), ...variantFields(schema).map((name) => [name])];
  const hasRemoved = paths.map((path) => removeNull(body, path)).includes(true);
  return hasRemoved ? parseWithoutNulls(body, schema, rounds - 1) : parsed;
}

/** The fields of all variants of a body: a field of another variant is an unknown one to the schema. */
function variantFields(schema: z.ZodType): string[] {
  if (!(schema instanceof z.ZodUnion)) return [];
  return schema.options.flatMap((option) => option instanceof z.ZodObject ? Object.keys(option.shape) : []);
}

/** Removes the null at a path, unless it is an item of a list. Returns whether there was one. */
function removeNull(body: unknown, path: readonly PropertyKey[]): boolean {
  let value = body;
  let parent: unknown;
  for (const name of path) {
    if (!isContainer(value) || !Object.hasOwn(value, name)) return false;
    [parent, value] = [value, value[name]];
  }
  return value === null && isContainer(parent) && !Array.isArray(parent) && delete parent[path.at(-1)!];
}

function isContainer(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}

/** Parses a body. @throws ApiError `invalid_json`, also for a body that is nested too deep, or has too many values or names */
export function parseJson(text: string): unknown {
  const excess = excessOf(text);
  if (excess !== null) throw new ApiError("invalid_json", `Cannot read the body: it ${excess}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError("invalid_json", "Cannot read the body: it is not JSON");
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING_LIST = 0x5b;
const OPENING_OBJECT = 0x7b;
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** What a text has too much of to be parsed, from one pass over its brackets and commas. The text may not be JSON. */
function excessOf(text: string): string | null {
  let depth = 0;
  let values = 1;
  /** How many more names, or values of a list, may follow at each depth. */
  const left = new Int32Array(MAX_DEPTH + 1).fill(MAX_VALUES + 1);
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) inString = !inString;
    else if (inString) at += unit === BACKSLASH ? 1 : 0;
    else if (unit === COMMA) {
      values++;
      if (--left[depth]! <= 0) return `has an object of more than ${MAX_NAMES} names`;
    } else if (unit === OPENING_LIST) left[++depth] = MAX_VALUES + 1;
    else if (unit === OPENING_OBJECT) left[++depth] = MAX_NAMES;
    else if (CLOSING.has(unit)) depth--;
    if (depth > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} levels deep`;
    if (values > MAX_VALUES) return `has more than ${MAX_VALUES} values`;
  }
  return null;
}

/** The platform reads it itself: supabase-js sends it beside `x-region` to choose the region in which a function runs. */
const PLATFORM_PARAMETER = "forceFunctionRegion";

/**
 * Checks the query string, which has few parameters and each at most once. The platform's own parameter is left out.
 * @throws ApiError `invalid_input`
 */
export function readQuery<Schema extends z.ZodType>(request: Request, schema: Schema): z.output<Schema> {
  const parameters = new URL(request.url).searchParams;
  if (parameters.size > MAX_PARAMETERS) {
    throw new ApiError("invalid_input", `Cannot accept a query of more than ${MAX_PARAMETERS} parameters`);
  }
  parameters.delete(PLATFORM_PARAMETER);
  const repeated = firstRepeated(parameters.keys());
  if (repeated !== undefined) {
    throw invalidInput([{ field: repeated, code: "repeated", message: "is given more than once" }]);
  }
  return check(Object.fromEntries(parameters), schema);
}

function firstRepeated(names: Iterable<string>): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

/** Rejects every query parameter: one that is ignored must not look accepted. @throws ApiError `invalid_input` */
export function expectNoQuery(request: Request): void {
  readQuery(request, z.strictObject({}));
}

/** Rejects a body: one that is ignored must not look accepted. @throws ApiError `invalid_input` */
export async function expectNoBody(request: Request): Promise<void> {
  const text = (await readText(request)).trim();
  if (text === "") return;
  check(parseJson(text), z.strictObject({}));
}

/**
 * Checks a value from outside.
 * @param rows as in `readJson`
 * @throws ApiError `invalid_input` with one detail per offending field
 */
export function check<Schema extends z.ZodType>(value: unknown, schema: Schema, rows?: string): z.output<Schema> {
  return accepted(schema.safeParse(value), rows);
}

function accepted<Output>(parsed: z.ZodSafeParseResult<Output>, rows?: string): Output {
  if (!parsed.success) throw invalidInput(parsed.error.issues.flatMap(detailsOf));
  const unstorable = unstorableIn(rows === undefined ? parsed.data : { ...(parsed.data as object), [rows]: undefined });
  if (unstorable.length > 0) throw invalidInput(unstorable);
  return parsed.data;
}

/** The fields with text that the database would reject. */
function unstorableIn(value: unknown, path: readonly string[] = []): FieldDetail[] {
  if (typeof value === "string" && !isStorable(value)) {
    return [{ field: path.join("."), code: "invalid_text", message: "must hold no NUL and no half of a character" }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => unstorableIn(inner, [...path, key]));
}

function detailsOf(issue: z.core.$ZodIssue): FieldDetail[] {
  const field = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      field: [field, key].filter(Boolean).join("."),
      code: "unknown_field",
      message: "is not a field of this request",
    }));
  }
  return [{ field, code: issue.code, message: issue.message }];
}

function invalidInput(details: FieldDetail[]): ApiError {
  // The caller chooses the names of fields: one may be as long as the body.
  const shown = details.slice(0, 20).map((detail) => ({ ...detail, field: detail.field.slice(0, 100) }));
  const named = shown.map(({ field, message }) => `${field === "" ? "the body" : `"${field}"`}: ${message}`);
  return new ApiError("invalid_input", `Cannot accept the request: ${named.join("; ").slice(0, 500)}`, {
    details: shown,
  });
}
