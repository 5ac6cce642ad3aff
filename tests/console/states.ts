import assert from "node:assert/strict";
import { stripeSide } from "../../local/driver/stripe-side.ts";
import { stack, test } from "./support.ts";

const READS = /\/(functions|rest)\/v1\//;

test("A server that does not respond, a lost network, a slow database and a new version are said, and end by themselves or with one click", async ({ page }) => {
  const status = page.getByRole("status").filter({ hasText: /respond|offline/ });
  await page.route(
    READS,
    (route) => route.fulfill({ status: 503, contentType: "text/html", body: "<html>Bad</html>" }),
  );
  await status.getByText("The server does not respond").waitFor();
  await status.getByText(/Retrying in \d+ s/).waitFor();
  // What was read before stays on the screen.
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  assert.equal(await page.getByText("<html>").count(), 0);
  await page.unroute(READS);
  await page.getByRole("button", { name: "Retry now" }).click();
  await status.waitFor({ state: "hidden" });

  await page.context().setOffline(true);
  await status.getByText("You're offline. What you see may be old").waitFor();
  await page.context().setOffline(false);
  await status.waitFor({ state: "hidden" });

  // Each of these is a file or a read of a page that is loaded anew.
  await page.route(
    "**/rest/v1/plans*",
    (route) =>
      route.fulfill({ status: 500, json: { code: "57014", message: "canceling statement due to statement timeout" } }),
  );
  await page.route("**/assets/numbers-screen*", (route) => route.fulfill({ status: 404 }));
  await page.reload();
  const failure = page.getByRole("region", { name: "Plan" }).getByRole("alert");
  await failure.getByText("Cannot load your plans. The server did not answer in time. Try again in a moment").waitFor();
  assert.equal(await page.getByText("canceling statement").count(), 0);
  await page.unroute("**/rest/v1/plans*");
  await failure.getByRole("button", { name: "Try again" }).click();
  await page.getByText("You have no subscription").waitFor();

  await page.getByRole("navigation", { name: "Screens" }).getByRole("link", { name: "Numbers" }).first().click();
  await page.getByRole("heading", { name: "A new version is available" }).waitFor();
  await page.unroute("**/assets/numbers-screen*");
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("heading", { name: "Numbers", level: 1 }).waitFor();
});

test("Code of a dialog or a screen that does not load is said in its place, loads on request, and Back closes a dialog", async (tenant) => {
  const { page } = tenant;
  const assets = "**/assets/{contact-form,conversation-pane,inbox-signals,spotlight}*";
  await page.route(assets, (route) => route.fulfill({ status: 404 }));
  await page.reload();
  await tenant.go("Contacts");
  await page.keyboard.press("Control+k");
  await page.getByText("A new version of the console is available").waitFor();
  await page.getByRole("button", { name: "New contact" }).click();
  const dialog = page.getByRole("dialog", { name: "New contact" });
  await dialog.getByRole("button", { name: "Reload" }).waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });

  // Without a network, a missing file says nothing about versions.
  await page.evaluate(() => Object.defineProperty(navigator, "onLine", { value: false, configurable: true }));
  await page.evaluate(() => location.hash = "#/inbox/+14155550199~+14155550142");
  await page.getByText("Cannot reach the server. Check your connection and try again").waitFor();
  await page.evaluate(() => Object.defineProperty(navigator, "onLine", { value: true, configurable: true }));
  await page.unroute(assets);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("This is not one of your current numbers").waitFor();

  await page.goBack();
  await page.getByRole("heading", { name: "Contacts", level: 1 }).waitFor();
  await page.getByRole("button", { name: "New contact" }).click();
  await dialog.getByLabel("Notes").fill("Typed");
  // A click beside the dialog does not throw away what is typed, and neither does a save that is not answered yet.
  await page.mouse.click(5, 400);
  await dialog.getByLabel("Phone number").fill("+14155550142");
  const [asked, escaped] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await page.route("**/functions/v1/contacts", async (route) => {
    if (route.request().method() === "GET") return await route.continue();
    asked.resolve();
    await escaped.promise;
    await route.abort();
  });
  await dialog.getByRole("button", { name: "Add contact" }).click();
  await asked.promise;
  await page.keyboard.press("Escape");
  escaped.resolve();
  await dialog.getByRole("alert").waitFor();
  assert.equal(await dialog.getByLabel("Notes").inputValue(), "Typed");
  await page.goBack();
  await dialog.waitFor({ state: "hidden" });
});

test("A plan of a Payment Link is claimed; its failed payment and its end are said on every screen with a date and a button", async (tenant) => {
  const plan = tenant.section("Plan");
  await plan.getByText("You have no subscription").waitFor();
  const stripe = stripeSide(stack.state);
  const { subscriptionId } = await stripe.subscribe({
    clientReferenceId: await tenant.userId(),
    plan: "team",
    email: tenant.email,
  });
  await tenant.section("Subaccount").getByText("Active", { exact: true }).waitFor();
  await plan.getByText("Team").waitFor();
  assert.equal(await plan.getByRole("button", { name: /^(Manage subscription|Change plan|Cancel sub)/ }).count(), 0);
  await plan.getByRole("button", { name: "I bought this subscription" }).click();
  await plan.getByRole("button", { name: "Manage subscription" }).waitFor();
  await tenant.go("Numbers");

  const banner = tenant.section("Your account");
  const places = () =>
    tenant.page.locator("main h1, main form").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
  await tenant.section("Find a number").waitFor();
  const before = await places();
  await stripe.control(subscriptionId, "payment_fails");
  await banner.getByText(/^Your last payment failed\. Update your card by \w+ \d+, \d+ to keep your numbers working$/)
    .waitFor();
  await banner.getByRole("button", { name: "Update card" }).waitFor();
  // It moves nothing, however late it appears.
  assert.ok(before.length > 1);
  assert.deepEqual(await places(), before);

  await stripe.control(subscriptionId, "cancel");
  await banner.getByText(/^Your subscription has ended/).waitFor();
  await banner.getByRole("button", { name: "Subscribe" }).click();
  await tenant.page.getByRole("dialog").getByRole("radio", { name: "Team" }).waitFor();
  await tenant.page.keyboard.press("Escape");
  await tenant.go("Overview");
  await tenant.section("Subaccount").getByText("Suspended", { exact: true }).waitFor();
  await plan.getByText("No plan", { exact: true }).waitFor();
  assert.equal(await tenant.page.getByText(/without a subscription|switchboard:/).count(), 0);
});
