import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import type { Browser, Page } from "playwright-core";
import { stackUnderTest } from "../support/stack.ts";
import { ensureConsoleBuilt } from "../../console/build.ts";
import type { ReceivedFile } from "../../local/driver/twilio-side.ts";
import { startBrowser, visit } from "../support/console/browser.ts";
import { PASSWORD, Tenant } from "../support/console/tenant.ts";

export let browser: Browser;

Deno.test.beforeAll(async () => {
  // Build before the stack starts: the stack serves the build that exists at that time.
  await ensureConsoleBuilt(console.log, []);
  browser = await startBrowser();
});
Deno.test.afterAll(() => browser?.close());

export const stack = stackUnderTest();

/** Runs a test as a newly signed-up tenant, on the overview. Fails if the page threw an uncaught error. */
export function test(title: string, body: (tenant: Tenant) => Promise<void>): void {
  story(title, async (tenant) => {
    await tenant.page.getByRole("heading", { name: "Overview" }).waitFor();
    await body(tenant);
  }, storedSession);
}

/** Runs a test as a stranger on the sign-in screen. */
export function strangerTest(title: string, body: (stranger: Tenant) => Promise<void>): void {
  story(title, body, () => Promise.resolve({}));
}

function story(
  title: string,
  body: (tenant: Tenant) => Promise<void>,
  storedFor: (email: string) => Promise<Record<string, string>>,
): void {
  // The browser and the stack outlive each test, so their sockets and timers would be reported as leaks.
  Deno.test(title, { sanitizeOps: false, sanitizeResources: false }, async () => {
    const email = `${crypto.randomUUID()}@example.test`;
    await using visitor = await visit(browser, stack.state.consoleUrl, await storedFor(email));
    const tenant = new Tenant(visitor.page, email);
    try {
      await body(tenant);
      assert.deepEqual(visitor.errors, []);
    } catch (error) {
      for (const page of visitor.page.context().pages()) console.log(await describe(page));
      throw error;
    }
  });
}

/** The session of a new user as the page stores it: signing up on the page each time would take a quarter of the tests' time. */
async function storedSession(email: string): Promise<Record<string, string>> {
  const { apiUrl, consoleUrl, publishableKey } = stack.state;
  const auth = createClient(apiUrl, publishableKey, { auth: { persistSession: false, autoRefreshToken: false } }).auth;
  const { data: { session }, error } = await auth.signUp({ email, password: PASSWORD });
  if (session === null) throw new Error("Cannot sign up", { cause: error });
  return { [`sb-${new URL(consoleUrl).hostname.split(".")[0]}-auth-token`]: JSON.stringify(session) };
}

/** Where a page is and what it shows, for the report of a failed test. */
async function describe(page: Page): Promise<string> {
  const text = await page.locator("body").innerText({ timeout: 2_000 }).catch((error) => String(error));
  return `\n${page.url()}\n${text.replaceAll(/\n+/g, "\n").slice(0, 1_500)}`;
}

/** Simulates an inbound text to a tenant's number. */
export async function text(from: string, to: string, body: string, media: ReceivedFile[] = []): Promise<void> {
  const response = await fetch(`${stack.state.twilio.url}/_sim/inbound`, {
    method: "POST",
    body: JSON.stringify({ from, to: to.replaceAll(" ", ""), body, media }),
  });
  assert.equal(response.status, 201, await response.text());
}

/** Fails the next call of a function: it does not reach the function, or its response is lost. */
export async function failNextCall({ page }: Tenant, name: string, lost: "request" | "response"): Promise<void> {
  let callsToFail = 1;
  await page.route(`**/functions/v1/${name}`, async (route) => {
    if (route.request().method() !== "POST" || callsToFail === 0) return await route.continue();
    callsToFail -= 1;
    if (lost === "response") await route.fetch();
    await route.abort();
  });
}
