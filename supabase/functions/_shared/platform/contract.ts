import type * as z from "zod";
import type { ErrorCode } from "./errors.ts";

export type Method = "GET" | "POST";

/**
 * One operation of an endpoint, as its callers see it. Handlers parse requests with its schemas, `openapi.json` is generated
 * from it, and the tests over HTTP check every response against it.
 */
export interface Operation {
  method: Method;
  /**
   * The path after the function's name, such as `/{campaignId}/pause`; empty for the function itself. A parameter whose name
   * ends in `Id` is a UUID, and any other parameter is one segment.
   */
  path: string;
  /** One sentence without a period. */
  summary: string;
  /** The query parameters. Without a schema any parameter is refused. */
  query?: z.ZodType;
  body?: z.ZodType;
  /** The request headers that the operation reads, each with its effect. */
  headers?: Readonly<Record<string, string>>;
  /** Successful responses by status: the schema of the JSON body, `file` for a body of any type, or null without either. */
  responses: Readonly<Record<number, z.ZodType | "file" | null>>;
  /** Whether 200 may also be a CSV file (`csv.ts`), which the query asks for with `format=csv`. */
  csv?: true;
  /** Whether 200 may also be a page (`html.ts`), which the query asks for with `format=html`. */
  html?: true;
  /** The errors of this operation, in addition to COMMON_ERRORS. */
  errors: readonly ErrorCode[];
}

/** `user-or-link`: a user, or the holder of a signed link, whose signature the handler verifies. */
export type Caller = "user" | "user-or-link" | "operator" | "secret" | "stripe" | "twilio";

/** The operations of one function, and its caller. */
export interface Contract {
  caller: Caller;
  operations: readonly Operation[];
}

/** Whether the caller signs its requests. A webhook decides itself what its path and query mean, after it has verified them. */
export const isWebhook = ({ caller }: Contract): boolean => caller === "stripe" || caller === "twilio";

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
