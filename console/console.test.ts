import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { stripeSide } from "../local/driver/stripe-side.ts";
import { stackUnderTest } from "../tests/support/stack.ts";
import { ensureConsoleBuilt } from "./build.ts";
import { eventually } from "../local/driver/eventually.ts";
import type { ReceivedFile } from "../local/driver/twilio-side.ts";
import { CAT, fileOf } from "../tests/support/media.ts";
import { startBrowser, visit } from "../tests/support/console/browser.ts";
import { Tenant } from "../tests/support/console/tenant.ts";

let browser: Browser;

Deno.test.beforeAll(async () => {
  // Build before the stack starts: the stack serves the build that exists at that time.
  await ensureConsoleBuilt(console.log, []);
  browser = await startBrowser();
});
Deno.test.afterAll(() => browser?.close());

const stack = stackUnderTest();

/** Runs a test as a newly signed-up tenant. Fails if the page threw an uncaught error. */
function test(title: string, body: (tenant: Tenant) => Promise<void>): void {
  // The browser and the stack outlive each test, so their sockets and timers would be reported as leaks.
  Deno.test(title, { sanitizeOps: false, sanitizeResources: false }, async () => {
    await using visitor = await visit(browser, stack.state.consoleUrl);
    const tenant = new Tenant(visitor.page);
    await tenant.signUp();
    await body(tenant);
    assert.deepEqual(visitor.errors, []);
  });
}

/** Simulates an inbound text to a tenant's number. */
async function text(from: string, to: string, body: string, media: ReceivedFile[] = []): Promise<void> {
  const response = await fetch(`${stack.state.twilio.url}/_sim/inbound`, {
    method: "POST",
    body: JSON.stringify({ from, to: to.replaceAll(" ", ""), body, media }),
  });
  assert.equal(response.status, 201, await response.text());
}

/** Fails the next call of a function: it does not reach the function, or its response is lost. */
async function failNextCall({ page }: Tenant, name: string, lost: "request" | "response"): Promise<void> {
  let callsToFail = 1;
  await page.route(`**/functions/v1/${name}`, async (route) => {
    if (route.request().method() !== "POST" || callsToFail === 0) return await route.continue();
    callsToFail -= 1;
    if (lost === "response") await route.fetch();
    await route.abort();
  });
}

test("A new tenant creates a subaccount, buys a number, sends a message and sees its delivery and a reply", async (tenant) => {
  await tenant.createSubaccount();
  const number = await tenant.buyNumber("415");
  await tenant.section("Your numbers").getByText("Primary", { exact: true }).waitFor();

  await tenant.send("+1 (415) 555-0142", "Your table is ready");
  await tenant.sent.getByText("Your table is ready").waitFor();
  await tenant.sent.getByText("Delivered").waitFor();
  assert.equal(await tenant.page.getByText("sent through the shared master account").count(), 0);

  await text("+14155550142", number, "On our way", [CAT, fileOf("application/pdf", "%PDF")]);
  await tenant.received.getByText("On our way").waitFor();
  const image = tenant.received.getByRole("img", { name: "Attachment 1" });
  await image.waitFor();
  await eventually("the image to be loaded", () =>
    image.evaluate((node) => {
      const { complete, naturalWidth } = node as unknown as { complete: boolean; naturalWidth: number };
      return complete && naturalWidth === 1;
    }));
  const file = await tenant.received.getByRole("link", { name: "Attachment 2" }).getAttribute("href");
  assert.equal(await (await fetch(file!)).text(), "%PDF");
});

test("A number can be renamed, and is released only after its digits are typed to confirm", async (tenant) => {
  await tenant.createSubaccount();
  const number = await tenant.buyNumber("415");
  await tenant.change(number, "Rename");
  await tenant.page.getByLabel("Name", { exact: true }).fill("Support line");
  await tenant.page.getByRole("button", { name: "Save name" }).click();
  await tenant.section("Your numbers").getByText("Support line").waitFor();

  await tenant.change(number, "Release");
  const release = tenant.page.getByRole("button", { name: "Release number" });
  assert.equal(await release.isDisabled(), true);
  await tenant.page.getByLabel(`Type ${number} to confirm`).fill(number.slice(0, -1));
  assert.equal(await release.isDisabled(), true);
  await tenant.page.getByLabel(`Type ${number} to confirm`).fill(number);
  await release.click();
  await tenant.page.getByText(`${number} is released`).waitFor();
  await tenant.section("Your numbers").getByText("Support line").waitFor({ state: "detached" });
});

test("A plan chosen in the console is bought at the checkout, creates the subaccount, and is changed, canceled and kept", async (tenant) => {
  await tenant.chooseAtCheckout("Team");
  await tenant.page.getByRole("link", { name: "Back without paying" }).click();
  await tenant.page.getByText("You have not been charged").waitFor();

  await tenant.chooseAtCheckout("Team");
  await tenant.page.getByRole("button", { name: "Subscribe" }).click();
  await tenant.page.getByText("Thank you for subscribing").waitFor();
  assert.equal(new URL(tenant.page.url()).search, "");
  await tenant.section("Plan").getByText("Team").waitFor();
  await tenant.section("Plan").getByText(/^Renews on /).waitFor();
  await tenant.section("Subaccount").getByText("active", { exact: true }).waitFor();

  const plan = tenant.section("Plan");
  const dialog = tenant.page.getByRole("dialog");
  await plan.getByRole("button", { name: "Change plan" }).click();
  assert.equal(await dialog.getByRole("radio", { name: "Team" }).isDisabled(), true);
  await dialog.getByRole("radio", { name: "Scale" }).click();
  await failNextCall(tenant, "change-plan", "request");
  await dialog.getByRole("button", { name: "Change to Scale" }).click();
  await dialog.getByRole("alert").getByText("Cannot reach the server").waitFor();
  await dialog.getByRole("button", { name: "Change to Scale" }).click();
  await tenant.page.getByText("Your plan is Scale").waitFor();
  await dialog.waitFor({ state: "detached" });
  await plan.getByText("Scale", { exact: true }).waitFor();

  await plan.getByRole("button", { name: "Cancel subscription" }).click();
  await dialog.getByText(/^Your subscription ends on /).waitFor();
  await dialog.getByRole("button", { name: "Go back" }).click();
  await dialog.waitFor({ state: "detached" });
  await plan.getByText(/^Renews on /).waitFor();
  await plan.getByRole("button", { name: "Cancel subscription" }).click();
  await failNextCall(tenant, "cancel-subscription", "response");
  await dialog.getByRole("button", { name: "Cancel subscription" }).click();
  await tenant.page.getByText("You can still keep it until then").waitFor();
  await plan.getByText(/^Canceled: ends on /).waitFor();
  await plan.getByRole("button", { name: "Keep subscription" }).click();
  await plan.getByText(/^Renews on /).waitFor();

  await plan.getByRole("button", { name: "Manage subscription" }).click();
  // Both pages have a button of this name.
  await tenant.page.waitForURL(/\/portal\//);
  await tenant.page.getByRole("button", { name: "Cancel subscription", exact: true }).click();
  await tenant.page.getByRole("button", { name: "Don't cancel subscription" }).waitFor();
  assert.equal(await tenant.page.getByRole("button", { name: /^Switch to / }).count(), 0);
  await tenant.page.getByRole("link", { name: "Return to the app" }).click();
  await plan.getByText(/^Canceled: ends on /).waitFor();
});

test("A plan bought through a Payment Link is claimed in the console, and can then be managed", async (tenant) => {
  const plan = tenant.section("Plan");
  await plan.getByText("You have no subscription").waitFor();
  const stripe = stripeSide(stack.state);
  await stripe.subscribe({ clientReferenceId: await tenant.userId(), plan: "team", email: tenant.email });
  await plan.getByText("Team").waitFor();
  assert.equal(await plan.getByRole("button", { name: /^(Manage subscription|Change plan|Cancel sub)/ }).count(), 0);
  await plan.getByRole("button", { name: "I bought this subscription" }).click();
  await plan.getByRole("button", { name: "Manage subscription" }).waitFor();
});

test("A message sent from a shared number shows that it went through the master account", async (tenant) => {
  await tenant.send("+14155550143", "Hello from a shared number");
  await tenant.sent.getByText("sent through the shared master account").waitFor();
});

test("A message whose response was lost is sent once when Send is pressed again", async (tenant) => {
  await failNextCall(tenant, "send-sms", "response");
  await tenant.send("+14155550144", "Once is enough");
  await tenant.page.getByRole("alert").getByText("Cannot reach the server").waitFor();
  await tenant.page.getByRole("button", { name: "Send" }).click();
  await tenant.sent.getByText("Delivered").waitFor();
  assert.equal(await tenant.sent.count(), 1);
});

test("A refused message shows its reason, error code and request id", async (tenant) => {
  await tenant.send("+15005550009", "Hello");
  const toast = tenant.page.getByRole("alert").filter({ hasText: "is not a valid mobile number" });
  await toast.getByText("invalid_recipient").waitFor();
  await toast.getByText(/^request [0-9a-f-]{36}$/).waitFor();
});

test("The compose box shows a message's length, segments and encoding before it is sent", async (tenant) => {
  await tenant.go("Messages");
  await tenant.page.getByRole("link", { name: "New message" }).click();
  await tenant.page.getByLabel("Message", { exact: true }).fill("x".repeat(161));
  await tenant.page.getByText("161/1600 · 2 segments · GSM-7").waitFor();
  await tenant.page.getByLabel("Message", { exact: true }).fill("Grüße 🎉");
  await tenant.page.getByText("8/1600 · 1 segment · UCS-2").waitFor();
});

test("A session that the server rejects returns to the sign-in screen", async (tenant) => {
  await tenant.page.evaluate(() => {
    const key = Object.keys(localStorage).find((name) => name.endsWith("-auth-token"))!;
    const session = JSON.parse(localStorage.getItem(key)!);
    session.access_token = session.access_token.slice(0, -8) + "AAAAAAAA";
    localStorage.setItem(key, JSON.stringify(session));
  });
  await tenant.page.reload();
  await tenant.page.getByText("Your session has ended").waitFor();
  await tenant.page.getByRole("button", { name: "Sign in" }).waitFor();
});

test("The next user to sign in sees no data of the previous user", async (tenant) => {
  await tenant.send("+14155550145", "For my eyes only");
  await tenant.sent.getByText("For my eyes only").waitFor();
  await tenant.page.getByRole("button", { name: /^Account of / }).click();
  await tenant.page.getByRole("menuitem", { name: "Sign out" }).click();
  // The request never completes, so any message shown now would come from the browser's cache.
  await tenant.page.route("**/rest/v1/sms_messages*", () => {});
  await tenant.page.getByRole("button", { name: "neighbour@switchboard.test" }).click();
  await tenant.page.getByRole("button", { name: "Sign in" }).click();
  await tenant.page.getByRole("heading", { name: "Overview" }).waitFor();
  await tenant.go("Messages");
  await tenant.page.getByLabel("Loading your messages").waitFor();
  assert.equal(await tenant.page.getByText("For my eyes only").count(), 0);
});

Deno.test("An up-to-date console build is not built again", async () => {
  const lines: string[] = [];
  await ensureConsoleBuilt((line) => lines.push(line));
  assert.deepEqual(lines, []);
});

Deno.test("The built page may connect to its own origin alone, and the browser blocks any other connection", async () => {
  const html = await Deno.readTextFile(new URL("./dist/index.html", import.meta.url));
  assert.equal(/connect-src ([^;]+);/.exec(html)?.[1], "'self'");
  await using visitor = await visit(browser, stack.state.consoleUrl);
  const blocked = await visitor.page.evaluate(() =>
    new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective));
      fetch("https://evil.example/").catch(() => {});
    })
  );
  assert.equal(blocked, "connect-src");
});

Deno.test("A console that was not built for the project of its config.json names the option of the build", async () => {
  await using visitor = await visit(browser, stack.state.consoleUrl);
  await visitor.page.route(
    "**/config.json",
    (route) => route.fulfill({ json: { supabaseUrl: "https://abcdefgh.supabase.co", publishableKey: "p" } }),
  );
  await visitor.page.reload();
  await visitor.page.getByText("build it with --supabase-url https://abcdefgh.supabase.co").waitFor();
});
