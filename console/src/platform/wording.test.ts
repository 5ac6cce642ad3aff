import assert from "node:assert/strict";
import fc from "fast-check";
import { type ErrorCode, SwitchboardError } from "../../../client/switchboard.ts";
import { ERROR_STATUS } from "../../../supabase/functions/_shared/platform/errors.ts";
import { durationInWords } from "./durations.ts";
import { ReadError } from "./failure.ts";
import { rowsOf } from "./read-rows.ts";
import { isMissingVersion, WordedError, wordingOf } from "./wording.ts";

/** Texts of Postgres, PostgREST, Auth, Twilio, Stripe, proxies and programs, as they arrive. */
const RAW = [
  "canceling statement due to statement timeout",
  'duplicate key value violates unique constraint "contacts_pkey"',
  'new row for relation "sms_messages" violates check constraint "body_length"',
  'permission denied for table "plans"',
  "remaining connection slots are reserved for roles with the SUPERUSER attribute",
  "Could not find the function public.get_usage(p_by) in the schema cache",
  "JWT expired",
  "JWSError JWSInvalidSignature",
  "User already registered",
  "Invalid Refresh Token: Already Used",
  "The 'To' number +15005550009 is not a valid mobile number.",
  "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
  "Authenticate",
  "Account AC00000000000000000000000000000001 is not active",
  "No such price: 'price_123'",
  "TypeError: Cannot read properties of undefined (reading 'sid')",
  "<html><head><title>502 Bad Gateway</title></head></html>",
  "upstream connect error or disconnect/reset before headers",
  "FetchError: request to http://kong:8000 failed, reason: connect ECONNREFUSED",
];
const raw = fc.constantFrom(...RAW);
/** As a server of ours would pass a text on. */
const passedOn = raw.chain((text) =>
  fc.constantFrom(text, `Cannot do this: Twilio says "${text}"`, `Cannot send to "+15005550009": Twilio says "${text}"`)
);
const status = fc.constantFrom(0, 400, 401, 403, 404, 406, 409, 410, 413, 422, 429, 500, 502, 503, 504, 520);
const functionCode = fc.constantFrom(
  ...Object.keys(ERROR_STATUS) as ErrorCode[],
  "unreachable",
  "timed_out",
  "aborted",
  "unexpected_answer",
  "a_newer_code" as ErrorCode,
);
const databaseCode = fc.oneof(
  fc.constantFrom("57014", "08006", "53300", "42501", "PGRST116", "PGRST301", "PGRST202", "23505", "22P02", "P0001"),
  fc.stringMatching(/^[0-9A-Z]{5}$/),
  fc.stringMatching(/^PGRST\d{3}$/),
);

const anyError: fc.Arbitrary<unknown> = fc.oneof(
  fc.record({ status, code: functionCode, message: passedOn, retryAfterSeconds: fc.option(fc.nat(100_000)) })
    .map(({ retryAfterSeconds, ...rest }) =>
      new SwitchboardError({ ...rest, retryAfterSeconds: retryAfterSeconds ?? undefined })
    ),
  fc.record({ status, code: databaseCode, message: raw }).map(({ message, ...rest }) => {
    try {
      return rowsOf("messages", { data: null, error: { ...rest, message }, status: rest.status });
    } catch (error) {
      return error;
    }
  }),
  fc.record({ code: databaseCode, message: raw, details: raw }),
  fc.record({ name: fc.constantFrom("AuthApiError", "AuthRetryableFetchError"), message: raw, status }),
  raw.map((text) => new Error(text)),
  raw,
  fc.anything(),
);

Deno.test("no text of a database, a vendor or a program reaches the user, whatever the error", () => {
  fc.assert(
    fc.property(anyError, (error) => {
      const { message, code } = wordingOf(error);
      for (const text of RAW) assert.equal(message.includes(text), false, message);
      assert.match(message, /^[A-Z][^"{}<>]*("[^"]{1,40}"[^"{}<>]*)*[^.\s]$/);
      assert.match(code, /^[a-z][a-z0-9_]*$/);
    }),
    { numRuns: 2_000 },
  );
});

const said = (error: unknown) => wordingOf(error).message;
const read = (code: string, status = 500) => said(new ReadError({ status, code, subject: "messages" }));

Deno.test("wordingOf says what happened and what to do for failures of the database", () => {
  assert.equal(read("57014"), "Cannot load your messages. The server did not answer in time. Try again in a moment");
  assert.equal(read("53300", 503), "Cannot load your messages. The server is busy. Try again in a moment");
  assert.equal(read("PGRST002", 503), "Cannot load your messages. The server is busy. Try again in a moment");
  assert.equal(read("PGRST303", 401), "Cannot load your messages. Your sign-in was not accepted. Try again");
  assert.match(read("PGRST202", 404), /does not match the server any more\. Reload the page and try again$/);
  assert.match(read("unreachable", 0), /Cannot reach the server\. Check your connection and try again$/);
});

Deno.test("wordingOf names the time to wait that the server gives", () => {
  const error = (code: ErrorCode, retryAfterSeconds: number, message = "?") =>
    said(
      new SwitchboardError({
        status: ERROR_STATUS[code as keyof typeof ERROR_STATUS],
        code,
        message,
        retryAfterSeconds,
      }),
    );
  assert.equal(error("rate_limited", 12), "Too many requests in a short time. Try again in 12 seconds");
  assert.equal(error("twilio_unavailable", 5), "Twilio does not respond just now. Try again in 5 seconds");
  assert.equal(
    error("message_limit_reached", 7_200, "Cannot send: your plan's limit of 500 messages a day is reached"),
    "Cannot send: your plan's limit of 500 messages a day is reached. Try again in 2 hours",
  );
  assert.deepEqual([1, 59, 60, 90, 120, 3_600, 100_000].map(durationInWords), [
    "1 second",
    "59 seconds",
    "1 minute",
    "90 seconds",
    "2 minutes",
    "1 hour",
    "28 hours",
  ]);
});

Deno.test("wordingOf keeps a function's own sentence for tenants, and names the field of an entry", () => {
  const error = (code: ErrorCode, message: string) => said(new SwitchboardError({ status: 422, code, message }));
  const taken = 'Cannot buy "+14155550100": it is no longer available';
  assert.equal(error("number_taken", taken), taken);
  assert.equal(
    error("invalid_input", 'Cannot accept the request: "areaCode": must be three digits; "limit": must be a number'),
    "Check the area code: must be three digits",
  );
  assert.equal(said(new WordedError("plan_missing", "Choose a plan")), "Choose a plan");
});

Deno.test("wordingOf says of a screen that cannot be loaded that a new version is available", () => {
  const missing = new TypeError("Failed to fetch dynamically imported module: https://x.test/assets/inbox-1.js");
  assert.equal(said(missing), "A new version of the console is available. Reload the page");
  assert.deepEqual([isMissingVersion(missing), isMissingVersion(new TypeError("Failed to fetch"))], [true, false]);
});
