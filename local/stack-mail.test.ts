import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { type Stack, startStack } from "./stack.ts";
import type { Mail } from "./mail/mailbox.ts";

let stack: Stack;
Deno.test.beforeAll(async () => {
  stack = await startStack({ ephemeral: true, scheduler: false, confirmEmails: true, authRateLimits: true });
});
Deno.test.afterAll(() => stack.stop());

const PASSWORD = "a-long-password";

function client() {
  const { apiUrl, publishableKey } = stack.state;
  return createClient(apiUrl, publishableKey, { auth: { persistSession: false, autoRefreshToken: false } });
}

async function mailsTo(address: string): Promise<Mail[]> {
  const answer = await fetch(`${stack.state.apiUrl}/_sim/mail?to=${encodeURIComponent(address)}`);
  return (await answer.json()).mails;
}

Deno.test("the mails of a sign-up and of a reset are captured, and their links work", async () => {
  const email = "ada@example.com";
  const { auth } = client();
  const signedUp = await auth.signUp({ email, password: PASSWORD });
  assert.deepEqual([signedUp.error, signedUp.data.session], [null, null]);
  assert.equal((await auth.signInWithPassword({ email, password: PASSWORD })).error?.code, "email_not_confirmed");
  const [confirmation] = await mailsTo(email);
  const link = confirmation!.links[0]!;
  assert.equal(new URL(link).origin, stack.state.apiUrl);
  assert.equal(new URL(link).searchParams.get("type"), "signup");
  const followed = await fetch(link, { redirect: "manual" });
  await followed.body?.cancel();
  assert.equal(followed.status, 303);
  assert.equal((await auth.signInWithPassword({ email, password: PASSWORD })).error, null);

  assert.equal((await auth.resetPasswordForEmail(email)).error, null);
  const [reset, ...older] = await mailsTo("ADA@example.com");
  assert.deepEqual([new URL(reset!.links[0]!).searchParams.get("type"), older.length], ["recovery", 1]);
  assert.deepEqual(await mailsTo("ben@example.com"), []);
});

Deno.test("a browser gets the captured mails as a page, and DELETE removes them", async () => {
  const url = `${stack.state.apiUrl}/_sim/mail`;
  await client().auth.signUp({ email: "ben@example.com", password: PASSWORD });
  const page = await fetch(url, { headers: { accept: "text/html,*/*" } });
  assert.match(page.headers.get("content-type") ?? "", /text\/html/);
  assert.match(await page.text(), /To ben@example\.com[\s\S]*<a href="http[^"]+\/auth\/v1\/verify\?token=/);
  assert.deepEqual(await (await fetch(url, { method: "DELETE" })).json(), { mails: [] });
  assert.deepEqual(await (await fetch(url)).json(), { mails: [] });
});

Deno.test("repeated sign-ins are limited as Auth does, and supabase-js reports the code", async () => {
  const { auth } = client();
  const codes = new Set<string | undefined>();
  for (let made = 0; made < 31; made++) {
    codes.add((await auth.signInWithPassword({ email: "eve@example.com", password: "wrong" })).error?.code);
  }
  assert.deepEqual(codes, new Set(["invalid_credentials", "over_request_rate_limit"]));
});
