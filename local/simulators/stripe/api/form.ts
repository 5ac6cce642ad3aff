import * as z from "zod";
import { invalidRequest } from "../errors.ts";
import { BILLING_MODES } from "../objects/subscription.ts";

/** Decoded parameters: strings, lists and nested parameters. */
export type Params = { [name: string]: Param };
type Param = string | Param[] | Params;

/** Decodes `items[0][price]=x`, `expand[]=y` and `metadata[k]=v`. Of a repeated plain name the last value counts. */
export function decodeForm(pairs: URLSearchParams): Params {
  const root = branch();
  for (const [key, value] of pairs) {
    const path = [...key.matchAll(/^[^[\]]+|\[([^[\]]*)\]/g)].map((part) => part[1] ?? part[0]);
    if (path.length === 0 || path.length > 8) throw invalidRequest(`Invalid parameter name: ${key}`, key);
    put(root, path, value);
  }
  return listed(root) as Params;
}

/** Has no prototype, so that a parameter with the name of an Object property is a normal parameter. */
function branch(): Params {
  return Object.create(null) as Params;
}

function put(into: Params, [name, ...rest]: string[], value: string): void {
  const key = name === "" ? String(Object.keys(into).length) : name!;
  if (rest.length === 0) {
    into[key] = value;
    return;
  }
  const next = into[key];
  const nested = typeof next === "object" && !Array.isArray(next) ? next : branch();
  into[key] = nested;
  put(nested, rest, value);
}

/** Converts branches whose keys are all numbers to lists, in numeric order. */
function listed(value: Param): Param {
  if (typeof value === "string" || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, nested]) => [key, listed(nested)] as const);
  if (entries.length > 0 && entries.every(([key]) => /^\d+$/.test(key))) return entries.map(([, nested]) => nested);
  return Object.assign(branch(), Object.fromEntries(entries));
}

/** Schemas that convert form values, which are always strings. */
export const text = z.string().min(1);
/** An empty string unsets the field. */
export const unsettable = z.string().transform((value) => value === "" ? null : value);
export const whole = z.string().regex(/^-?\d{1,15}$/, "expected an integer").transform(Number);
export const flag = z.enum(["true", "false"]).transform((value) => value === "true");
export const metadata = z.record(z.string().max(40), z.string().max(500));
/** A filter on the creation time: an exact time or a range, in Unix seconds. */
export const timeRange = z.union([
  whole.transform((at) => ({ gte: at, lte: at })),
  z.strictObject({ gt: whole, gte: whole, lt: whole, lte: whole }).partial(),
]);
/** How a new subscription bills prorations and usage. */
export const billingMode = z.strictObject({ type: z.enum(BILLING_MODES), flexible: z.unknown().optional() });
/** Whether taxes are computed. The simulator shows the setting and computes none. */
export const automaticTax = z.strictObject({ enabled: flag, liability: z.unknown().optional() });
/** A decimal number. Stripe allows 12 decimal places. */
export const decimal = z.string().regex(
  /^-?\d{1,15}(\.\d{1,12})?$/,
  "expected a decimal with at most 12 decimal places",
);
/** A parameter of the real API that the simulator accepts without validation and ignores. */
export const ignored = z.unknown().optional();
/** The parameters of every endpoint. */
const COMMON = { expand: z.array(z.string()).optional() };

/** Returns a strict schema of the parameters of an endpoint. */
export function parameters<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject({ ...shape, ...COMMON });
}

/** Parses parameters. @throws StripeApiError with Stripe's code for unknown, missing and malformed parameters */
export function parse<Schema extends z.ZodType>(schema: Schema, params: Params): z.output<Schema> {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  throw parameterError(result.error.issues[0]!, params);
}

function parameterError(issue: z.core.$ZodIssue, params: Params) {
  if (issue.code === "unrecognized_keys") {
    const name = bracketed([...issue.path, issue.keys[0]!]);
    return invalidRequest(`Received unknown parameter: ${name}`, name, "parameter_unknown");
  }
  const name = bracketed(issue.path);
  const value = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    params,
  );
  if (value === undefined) return invalidRequest(`Missing required param: ${name}.`, name, "parameter_missing");
  const code = issue.message === "expected an integer" ? "parameter_invalid_integer" : undefined;
  const shown = typeof value === "string" ? `: ${value}` : "";
  return invalidRequest(`Invalid ${name}${shown} (${issue.message})`, name, code);
}

function bracketed(path: PropertyKey[]): string {
  return path.map((part, index) => index === 0 ? String(part) : `[${String(part)}]`).join("");
}
