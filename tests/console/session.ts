import assert from "node:assert/strict";
import { visit } from "../support/console/browser.ts";
import { Tenant } from "../support/console/tenant.ts";
import { browser, stack, test } from "./support.ts";

/** Delays the first response with 401 until other reads have succeeded with a renewed session. */
async function delayRejection({ page }: Tenant): Promise<void> {
  const renewed = Promise.withResolvers<void>();
  let delayed = 0;
  await page.route(/\/(functions|rest)\/v1\//, async (route) => {
    const response = await route.fetch();
    if (response.status() === 401 && delayed++ === 0) await renewed.promise;
    if (response.ok()) renewed.resolve();
    await route.fulfill({ response });
  });
}

/** Changes the session that the page stores. */
async function changeSession({ page }: Tenant, fields: Record<string, unknown>): Promise<void> {
  await page.evaluate((changes) => {
    const { localStorage } = globalThis;
    const key = Object.keys(localStorage).find((name) => name.endsWith("-auth-token"))!;
    localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key)!), ...changes }));
  }, fields);
}

test("A session that the server rejects is renewed or said to have ended, and the same user continues where they were", async (tenant) => {
  const { page } = tenant;
  await tenant.go("Numbers");
  // As a clock that runs slow leaves it: the token has expired, and can be renewed.
  await changeSession(tenant, { access_token: "rejected" });
  await delayRejection(tenant);
  await page.reload();
  await tenant.section("Shared numbers").waitFor();
  await page.getByRole("button", { name: /^Account of / }).waitFor();
  await page.unrouteAll({ behavior: "wait" });
  await changeSession(tenant, { access_token: "rejected", refresh_token: "used-already" });
  await page.reload();
  await page.getByText("Your session has ended").waitFor();
  await tenant.signIn(tenant.email);
  await page.getByRole("heading", { name: "Numbers", level: 1 }).waitFor();

  const expired = { expires_at: 1, refresh_token: "used-already" };
  await changeSession(tenant, expired);
  await page.reload();
  await page.getByText("Sign in again to continue where you were").waitFor();
  await tenant.signIn("neighbour@switchboard.test", "switchboard-demo");
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
});

test("A sign-out in one tab signs out the other, and the next user replaces the user in both and sees none of their data", async (tenant) => {
  await tenant.send("+14155550145", "For my eyes only");
  await tenant.sent.getByText("For my eyes only").waitFor();
  const other = new Tenant(await tenant.page.context().newPage());
  await other.page.goto(stack.state.consoleUrl);
  await other.go("Numbers");
  await tenant.signOut();
  await other.page.getByText("Your session has ended").waitFor();
  assert.equal(await tenant.page.getByText("Your session has ended").count(), 0);

  // The request never completes, so any message shown now would come from the browser's cache.
  await tenant.page.route("**/functions/v1/list-conversations*", () => {});
  await tenant.page.getByRole("button", { name: "neighbour@switchboard.test" }).click();
  await tenant.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.page.getByRole("button", { name: "Account of neighbour@switchboard.test" }).waitFor();
  await other.page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await tenant.page.getByRole("heading", { name: "Overview" }).waitFor();
  await tenant.go("Inbox");
  await tenant.page.getByLabel("Loading your conversations").waitFor();
  assert.equal(await tenant.page.getByText("For my eyes only").count(), 0);
});

test("A session that cannot be renewed without a network is kept, and continues with it", async (tenant) => {
  const { page } = tenant;
  await page.clock.install();
  await changeSession(tenant, { expires_at: 1 });
  await page.route("**/auth/v1/token*", (route) => route.abort());
  await page.reload({ waitUntil: "load" });
  await page.getByLabel("Loading").waitFor();
  await page.clock.runFor(7_000);
  await page.getByText("Check your connection").waitFor();
  await page.unroute("**/auth/v1/token*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
});

Deno.test({
  name: "The sign-in screen says in plain words and at the field what is wrong, and what to do next",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using visitor = await visit(browser, stack.state.consoleUrl);
    const { page } = visitor;
    const submit = page.getByRole("button", { name: "Create account" });
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("Email").fill("nonsense");
    await submit.click();
    await page.getByText("Enter a valid email").waitFor();
    await page.getByText("Use at least 8 characters").waitFor();
    assert.equal(await page.getByLabel("Email").getAttribute("aria-invalid"), "true");

    await page.getByLabel("Email").fill("tenant@switchboard.test");
    await page.getByRole("textbox", { name: "Password" }).fill("a long password");
    await submit.click();
    await page.getByText("This email has an account").waitFor();
    assert.equal(await page.getByText("User already registered").count(), 0);
    await page.getByRole("button", { name: "Sign in instead" }).click();
    assert.equal(await page.getByLabel("Email").inputValue(), "tenant@switchboard.test");

    await page.context().setOffline(true);
    await page.getByRole("textbox", { name: "Password" }).fill("switchboard-demo");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").getByText("Cannot reach the server").waitFor();
    await page.context().setOffline(false);

    // As a project answers that confirms emails: first for a new one, then for one that has an account.
    const user = { id: crypto.randomUUID(), email: "ada@example.test", identities: [{ id: "1" }] };
    await page.route("**/auth/v1/signup*", (route) => route.fulfill({ json: user }));
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("Email").fill(user.email);
    await page.getByRole("textbox", { name: "Password" }).fill("a long password");
    await submit.click();
    await page.getByText("to confirm your email").waitFor();
    await page.getByRole("button", { name: "Send the link again" }).click();
    await page.getByText("We sent the link again").waitFor();
    await page.getByRole("button", { name: "Back to sign in" }).click();
    user.identities = [];
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByRole("textbox", { name: "Password" }).fill("a long password");
    await submit.click();
    await page.getByText("This email has an account").waitFor();
    assert.deepEqual(visitor.errors, []);
  },
});

Deno.test({
  name: "Where the browser blocks storage, a user is told so and can sign in",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using visitor = await visit(browser, stack.state.consoleUrl);
    const { page } = visitor;
    await page.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(globalThis, name, {
          get() {
            throw new DOMException("Access is denied for this document.", "SecurityError");
          },
        });
      }
    });
    await page.reload();
    await page.getByText("This browser blocks storage").waitFor();
    await new Tenant(page).signIn("tenant@switchboard.test", "switchboard-demo");
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    assert.deepEqual(visitor.errors, []);
  },
});
