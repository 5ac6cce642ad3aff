import { ERROR_STATUS } from "../../../supabase/functions/_shared/platform/errors.ts";
import type { Credential, FuzzRequest } from "./request.ts";
import type { FuzzAnswer } from "./send.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Internal text that only our code and the database contain. No request contains any of it. */
const INSIDE = [
  /\bat .*:\d+:\d+/, // a stack
  /file:\/\/|node_modules|\.ts\b|supabase\/functions/,
  /violates|permission denied|syntax error|PGRST|SQLSTATE|search_path|pg_catalog|pgmq|relation "/i,
  /\b(select|insert into|update|delete from) .+ (from|values|set|where) /i,
  /\b(TypeError|RangeError|ZodError|PostgresError|undefined is not|Cannot read propert)/,
  /auth_token|v1\.k\d+\./,
];

/** The one error above 499 that a request alone leads to: for a number that Twilio's price list does not have. */
const REFUSED_FOR_NOW = /^\{"code":"price_unavailable",/;

/** Says what is wrong with a response, or returns null. */
export function wrongWith(
  { method, credential }: FuzzRequest,
  answer: FuzzAnswer,
  admits: readonly Credential[],
): string | null {
  const { status, headers, text } = answer;
  if (status >= 500 && !REFUSED_FOR_NOW.test(text)) return `answered ${status}`;
  if (status < 400 && !admits.includes(credential) && method !== "OPTIONS") return `let "${credential}" in`;
  const requestId = headers.get("x-request-id") ?? "";
  if (!UUID.test(requestId)) return "has no x-request-id";
  const leak = INSIDE.find((pattern) => pattern.test(text));
  if (leak !== undefined) return `shows internals: ${leak}`;
  if (status < 400 || method === "HEAD") return null;
  return wrongWithError(status, headers, text, requestId);
}

function wrongWithError(status: number, headers: Headers, text: string, requestId: string): string | null {
  if (!/^application\/json/.test(headers.get("content-type") ?? "")) return "is an error that is not JSON";
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text);
  } catch {
    return "is an error that is not valid JSON";
  }
  const { code, message, requestId: named, details, ...rest } = body;
  if (ERROR_STATUS[code as keyof typeof ERROR_STATUS] !== status) return `has the code "${code}" under ${status}`;
  if (typeof message !== "string" || !/^Cannot [^]*[^.]$/.test(message)) return "does not say what could not be done";
  if (text.length > 5_000) return "is too long";
  if (named !== requestId) return "names another request";
  if (details !== undefined && !Array.isArray(details)) return "has details that are not a list";
  return Object.keys(rest).length === 0 ? null : `has unknown fields: ${Object.keys(rest)}`;
}
