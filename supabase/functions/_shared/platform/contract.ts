import type { z } from "zod";
import type { Method } from "./endpoint.ts";
import type { ErrorCode } from "./errors.ts";

/**
 * One thing an endpoint does, as its callers see it. Handlers parse with the request's schemas; `openapi.json` is made of all
 * of it, and the tests over HTTP hold every answer against it.
 */
export interface Operation {
  method: Method;
  /** Behind the function's name, as in `/pause`; empty for the function itself. */
  path: string;
  /** One sentence without a period. */
  summary: string;
  query?: z.ZodType;
  body?: z.ZodType;
  /** Request headers that mean something here, each with what it does. */
  headers?: Readonly<Record<string, string>>;
  /** Successful answers: the schema of the JSON body, or null where there is none or it is not JSON. */
  responses: Readonly<Record<number, z.ZodType | null>>;
  /** What may be refused here, besides what every endpoint may refuse (see COMMON_ERRORS). */
  errors: readonly ErrorCode[];
}

/** What one function offers, and to whom. */
export interface Contract {
  caller: "user" | "operator" | "secret" | "stripe" | "twilio";
  operations: readonly Operation[];
}

/** What any endpoint may answer, whatever is asked of it. */
export const COMMON_ERRORS = [
  "invalid_json",
  "invalid_input",
  "unauthorized",
  "forbidden",
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
