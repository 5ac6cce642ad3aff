import assert from "node:assert/strict";
import { AuthApiError, AuthError } from "@supabase/supabase-js";
import fc from "fast-check";
import { authCodeOf, authWordingOf, WORDED_CODES } from "./auth-wording.ts";

const CODES = fc.oneof(
  fc.constantFrom(...WORDED_CODES),
  fc.constantFrom("__proto__", "toString", "hook_payload_invalid"),
);

Deno.test("What a user reads depends on an error's code and never repeats the text of Auth", () => {
  fc.assert(
    fc.property(CODES, fc.integer({ min: 400, max: 599 }), fc.string(), fc.string(), (code, status, text, other) => {
      const { message, code: shown } = authWordingOf(new AuthApiError(`raw: ${text}`, status, code));
      if (code !== "over_email_send_rate_limit") {
        assert.equal(message, authWordingOf(new AuthApiError(`raw: ${other}`, status, code)).message);
      }
      assert.equal(shown, code);
      assert.match(message, /^[A-Z].*[^.]$/);
      assert.equal(message.includes("raw:"), false);
    }),
  );
});

Deno.test("An error of any shape gets a sentence, and a code that is no word is not shown", () => {
  fc.assert(fc.property(fc.anything(), (error) => {
    const { message, code } = authWordingOf(error);
    assert.ok(message.length > 10);
    assert.match(code, /^\w{1,60}$/);
  }));
  assert.equal(authCodeOf(new AuthApiError("", 400, "<b>no code</b>")), "unknown");
});

Deno.test("Auth's own texts of common errors are replaced by what the user can do", () => {
  const said = (message: string, status: number, code?: string) =>
    authWordingOf(new AuthApiError(message, status, code));
  assert.deepEqual(said("User already registered", 422, "user_already_exists"), {
    message: "This email has an account",
    field: "email",
    code: "user_already_exists",
  });
  assert.equal(
    said("Invalid login credentials", 400, "invalid_credentials").message,
    "The email or the password is wrong",
  );
  assert.equal(
    said("For security purposes, you can only request this after 59 seconds.", 429, "over_email_send_rate_limit")
      .message,
    "We sent an email just now. You can ask for another in 59 seconds",
  );
  assert.equal(said("Database error querying schema", 500).code, "server_error");
});

Deno.test("A request that did not reach Auth, and one that failed there, are told apart", () => {
  const lost = Object.assign(new AuthError("Failed to fetch", 0), { name: "AuthRetryableFetchError" });
  const broken = Object.assign(new AuthError("Bad Gateway", 502), { name: "AuthRetryableFetchError" });
  assert.deepEqual([authCodeOf(lost), authCodeOf(broken)], ["unreachable", "server_error"]);
  assert.equal(authWordingOf(lost).message, "Cannot reach the server. Check your connection, then try again");
});

Deno.test("A weak password is refused with the reason that helps", () => {
  const weak = (...reasons: string[]) =>
    authWordingOf(Object.assign(new AuthApiError("Password is weak", 422, "weak_password"), { reasons })).message;
  assert.equal(weak("length"), "This password is too easy to guess. Choose a longer one");
  assert.equal(weak("length", "pwned"), "This password is in a list of leaked passwords. Choose another one");
  assert.equal(weak("characters"), "Use lowercase and uppercase letters, digits and symbols");
});
