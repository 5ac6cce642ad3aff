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

/** Follows a link of a mail, and returns where it leads. */
async function follow(link: string): Promise<URL> {
  const followed = await fetch(link, { redirect: "manual" });
  await followed.body?.cancel();
  assert.equal(followed.status, 303);
  return new URL(followed.headers.get("location")!);
}

/** Signs up a user whose email is confirmed. */
async function confirmedUser(email: string) {
  const { auth } = client();
  await auth.signUp({ email, password: PASSWORD });
  await follow((await mailsTo(email))[0]!.links[0]!);
  assert.equal((await auth.signInWithPassword({ email, password: PASSWORD })).error, null);
  return auth;
}

Deno.test("a link leads to the page that was asked for, if it is on this machine, and works once", async () => {
  const email = "cleo@example.com";
  const auth = await confirmedUser(email);
  const page = `${stack.state.apiUrl}/console/`;
  await auth.resetPasswordForEmail(email, { redirectTo: page });
  const link = (await mailsTo(email))[0]!.links[0]!;
  const led = await follow(link);
  assert.equal(led.href.split("#")[0], page);
  assert.equal(new URLSearchParams(led.hash.slice(1)).get("type"), "recovery");
  assert.equal(new URLSearchParams((await follow(link)).hash.slice(1)).get("error_code"), "otp_expired");

  assert.equal((await auth.resetPasswordForEmail(email)).error?.code, "over_email_send_rate_limit");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await auth.resetPasswordForEmail(email, { redirectTo: "https://evil.example/" });
  assert.equal(new URL((await mailsTo(email))[0]!.links[0]!).searchParams.get("redirect_to"), stack.state.apiUrl);
});

Deno.test("an email changes after both links are followed, in either order", async () => {
  for (const [index, order] of [["old", "new"], ["new", "old"]].entries()) {
    const [before, after] = [`dora${index}@example.com`, `dora${index}.new@example.com`];
    const auth = await confirmedUser(before);
    const { data } = await auth.updateUser({ email: after }, { emailRedirectTo: `${stack.state.apiUrl}/console/` });
    assert.deepEqual([data.user?.email, data.user?.new_email], [before, after]);
    const mails = { old: (await mailsTo(before))[0]!, new: (await mailsTo(after))[0]! };
    const [first, second] = order.map((which) => mails[which as "old" | "new"].links[0]!);
    assert.match((await follow(first!)).hash, /^#message=Confirmation\+link\+accepted/);
    assert.equal((await auth.getUser()).data.user?.email, before);
    assert.equal(new URLSearchParams((await follow(second!)).hash.slice(1)).get("type"), "email_change");
    assert.equal((await auth.getUser()).data.user?.email, after);
  }
});

Deno.test("a changed password ends the user's other sessions", async () => {
  const email = "emil@example.com";
  const here = await confirmedUser(email);
  const there = client().auth;
  await there.signInWithPassword({ email, password: PASSWORD });
  assert.equal((await here.updateUser({ password: "another-password" })).error, null);
  assert.ok((await there.refreshSession()).error);
  assert.equal((await here.refreshSession()).error, null);
});

Deno.test("a sign-up with a confirmed email looks like any other, and sends no mail", async () => {
  const email = "fay@example.com";
  await confirmedUser(email);
  const mails = await mailsTo(email);
  const { data, error } = await client().auth.signUp({ email, password: PASSWORD });
  assert.deepEqual([error, data.session, data.user?.identities], [null, null, []]);
  assert.deepEqual(await mailsTo(email), mails);
});

Deno.test("the link of a sign-up is sent again on request, at most once a second", async () => {
  const email = "gus@example.com";
  const { auth } = client();
  await auth.signUp({ email, password: PASSWORD });
  assert.equal((await auth.resend({ type: "signup", email })).error?.code, "over_email_send_rate_limit");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal((await auth.resend({ type: "signup", email })).error, null);
  const [again, ...older] = await mailsTo(email);
  assert.equal(older.length, 1);
  await follow(again!.links[0]!);
  assert.equal((await auth.signInWithPassword({ email, password: PASSWORD })).error, null);
});

Deno.test("repeated sign-ins are limited as Auth does, and supabase-js reports the code", async () => {
  const { auth } = client();
  const codes = new Set<string | undefined>();
  for (let made = 0; made < 31; made++) {
    codes.add((await auth.signInWithPassword({ email: "eve@example.com", password: "wrong" })).error?.code);
  }
  assert.deepEqual(codes, new Set(["invalid_credentials", "over_request_rate_limit"]));
});
