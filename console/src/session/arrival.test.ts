import assert from "node:assert/strict";
import fc from "fast-check";
import { arrivalIn } from "./arrival.ts";

const CONSOLE = "https://console.example/app/";
const TOKENS = "access_token=a.b.c&refresh_token=r1&expires_in=3600&expires_at=1&token_type=bearer";

Deno.test("A link for a forgotten password brings a session, and leaves no token in the URL", () => {
  assert.deepEqual(arrivalIn(`${CONSOLE}#${TOKENS}&type=recovery`), {
    arrival: { kind: "session", purpose: "recovery", accessToken: "a.b.c", refreshToken: "r1" },
    href: `${CONSOLE}#/`,
  });
});

Deno.test("A link with a code or a token hash in the query is recognized, and the rest of the query stays", () => {
  assert.deepEqual(arrivalIn(`${CONSOLE}?code=c1&theme=x#/numbers`), {
    arrival: { kind: "code", code: "c1" },
    href: `${CONSOLE}?theme=x#/numbers`,
  });
  assert.deepEqual(arrivalIn(`${CONSOLE}?token_hash=t1&type=recovery`), {
    arrival: { kind: "token", purpose: "recovery", tokenHash: "t1" },
    href: CONSOLE,
  });
});

Deno.test("An expired link brings the code of its error, in the fragment or in the query", () => {
  const error = "error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired";
  const expected = { kind: "failed", code: "otp_expired" };
  assert.deepEqual(arrivalIn(`${CONSOLE}#${error}`), { arrival: expected, href: `${CONSOLE}#/` });
  assert.deepEqual(arrivalIn(`${CONSOLE}?${error}#${error}`), { arrival: expected, href: `${CONSOLE}#/` });
});

Deno.test("The first of two confirmations of a new email is told apart from an error", () => {
  const text = "message=Confirmation+link+accepted.+Please+proceed+to+confirm+link+sent+to+the+other+email";
  assert.deepEqual(arrivalIn(`${CONSOLE}#${text}`).arrival, { kind: "half-confirmed" });
});

Deno.test("A route of the console is never taken for the link of a mail", () => {
  fc.assert(fc.property(fc.webPath(), fc.webFragments(), (path, rest) => {
    const href = new URL(`${CONSOLE}#/${path}${rest}?access_token=a&refresh_token=b&error=c`).href;
    assert.deepEqual(arrivalIn(href), { arrival: { kind: "none" }, href });
  }));
  const checkout = `${CONSOLE}?checkout=paid#/`;
  assert.deepEqual(arrivalIn(checkout), { arrival: { kind: "none" }, href: checkout });
});

Deno.test("No token of any link stays in the URL", () => {
  const token = fc.stringMatching(/^[A-Za-z0-9_.-]{12,40}$/);
  fc.assert(fc.property(token, token, fc.boolean(), (access, refresh, inQuery) => {
    const fields = new URLSearchParams({ access_token: access, refresh_token: refresh, type: "signup" });
    const { arrival, href } = arrivalIn(`${CONSOLE}${inQuery ? "?" : "#"}${fields}`);
    assert.equal(arrival.kind, "session");
    assert.equal(href.includes(access) || href.includes(refresh), false);
  }));
});
