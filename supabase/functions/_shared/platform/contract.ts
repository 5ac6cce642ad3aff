import type * as z from "zod";
import type { Method } from "./endpoint.ts";
import type { ErrorCode } from "./errors.ts";

/**
 * One operation of an endpoint, as its callers see it. Handlers parse requests with its schemas, `openapi.json` is generated
 * from it, and the tests over HTTP check every response against it.
 */
export interface Operation {
  method: Method;
  /** The path after the function's name, such as `/pause`; empty for the function itself. */
  path: string;
  /** One sentence without a period. */
  summary: string;
  query?: z.ZodType;
  body?: z.ZodType;
  /** The request headers that the operation reads, each with its effect. */
  headers?: Readonly<Record<string, string>>;
  /** Successful responses by status: the schema of the JSON body, `file` for a body of any type, or null without either. */
  responses: Readonly<Record<number, z.ZodType | "file" | null>>;
  /** The errors of this operation, in addition to COMMON_ERRORS. */
  errors: readonly ErrorCode[];
}

/** The operations of one function, and its caller. */
export interface Contract {
  caller: "user" | "user-or-link" | "operator" | "secret" | "stripe" | "twilio";
  operations: readonly Operation[];
}

/** The errors that any operation may answer with. */
export const COMMON_ERRORS = [
  "invalid_json",
  "invalid_input",
  "unauthorized",
  "forbidden",
  "mfa_required",
  "not_found",
  "method_not_allowed",
  "body_too_large",
  "unsupported_media_type",
  "rate_limited",
  "twilio_misconfigured",
  "twilio_throttled",
  "twilio_unavailable",
  "database_unavailable",
  "internal_error",
] as const satisfies readonly ErrorCode[];
