import assert from "node:assert/strict";
import { type Browser, chromium, type Page } from "playwright-core";
import { findChromium, HOW_TO_INSTALL } from "../../../tests/support/chromium.ts";
import { CallbackReceiver } from "../../../tests/support/twilio/callback-receiver.ts";
import { type Fixture, startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";

const HANDSET = "+14155550123";
const QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

/** Opens the page of a simulator in a browser, and fails if the browser's console contains errors. */
async function withPage(run: (page: Page, fixture: Fixture) => Promise<void>, viewport = { width: 1180, height: 820 }) {
  const executablePath = await findChromium();
  if (executablePath === null) throw new Error(`Cannot test the page without Chromium. ${HOW_TO_INSTALL}`);
  await using fixture = await startFixture();
  const sandbox = Deno.uid() === 0 ? ["--no-sandbox"] : [];
  const browser: Browser = await chromium.launch({ executablePath, args: [...QUIET, ...sandbox] });
  try {
    const page = await browser.newPage({ viewport });
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      // The browser also logs responses with an error status, which the page shows to the user.
      const isErrorResponse = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !isErrorResponse) errors.push(message.text());
    });
    await page.goto(fixture.url);
    await run(page, fixture);
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
  }
}

const options = { sanitizeOps: false, sanitizeResources: false };

Deno.test(
  "The page shows a sent message with its status without a reload, and a reply calls the webhook",
  options,
  () =>
    withPage(async (page, fixture) => {
      await using receiver = await CallbackReceiver.start(() => ({
        status: 200,
        body: "<Response><Message>Got it</Message></Response>",
      }));
      const tenant = await fixture.subaccount("Ada's Bakery");
      const number = await tenant.client.incomingPhoneNumbers.create({ areaCode: "415", smsUrl: `${receiver.url}/in` });
      await page.getByRole("button", { name: /Ada's Bakery/ }).click();
      await page.getByText("This phone has no texts yet").waitFor();

      await tenant.client.messages.create({ from: number.phoneNumber, to: HANDSET, body: "Your <b>cake</b> is ready" });
      await page.locator(".bubble", { hasText: "Your <b>cake</b> is ready" }).waitFor();
      await page.locator('.meta[data-status="delivered"]', { hasText: "delivered" }).waitFor();

      await page.getByRole("button", { name: /\(415\) 555-0123/ }).click();
      await page.getByLabel("Message").fill("On my way");
      await page.keyboard.press("Enter");
      await page.locator(".bubble.mine", { hasText: "On my way" }).waitFor();
      await page.locator(".bubble:not(.mine)", { hasText: "Got it" }).waitFor();
      assert.equal(receiver.received[0]?.params["Body"], "On my way");
      assert.equal(receiver.received[0]?.params["From"], HANDSET);
    }),
);

Deno.test(
  "The page texts a number from any handset, and shows an error for an invalid handset number",
  options,
  () =>
    withPage(async (page, fixture) => {
      await page.getByRole("button", { name: /Switchboard/ }).first().click();
      await page.getByLabel("From handset").fill("nonsense");
      await page.getByLabel("Message").fill("Hello?");
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText('"nonsense" is not a phone number').waitFor();
      await page.getByLabel("From handset").fill("+447700900123");
      await page.getByRole("button", { name: "Send" }).click();
      await page.locator(".bubble", { hasText: "Hello?" }).waitFor();
      await page.getByText("no SmsUrl").waitFor();
      const [received] = await fixture.master.messages.list({ from: "+447700900123" });
      assert.equal(received?.body, "Hello?");
    }),
);

Deno.test(
  "The page works with the keyboard on a narrow screen, and shows the error code of a failed message",
  options,
  () =>
    withPage(async (page, fixture) => {
      const [number] = await fixture.master.incomingPhoneNumbers.list();
      assert.ok(number);
      await fixture.sim("POST", "outcomes", { to: HANDSET, status: "undelivered", errorCode: 30007 });
      await fixture.master.messages.create({ from: number.phoneNumber, to: HANDSET, body: "Spam?" });
      await page.getByRole("button", { name: /\(415\) 555-0123/ }).waitFor();
      await page.getByLabel("Find a phone").focus();
      await page.keyboard.press("Tab");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Enter");
      await page.getByText("undelivered (30007)").waitFor();
      assert.ok(!(await page.locator("nav").isVisible()), "one pane at a time");
      assert.equal(await page.evaluate("document.activeElement.id"), "text");
      await page.getByLabel("Back to all phones").click();
      assert.ok(await page.locator("nav").isVisible());
      const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.equal(overflow, 0);
    }, { width: 375, height: 720 }),
);
