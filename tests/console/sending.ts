import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { eventually } from "../../local/driver/eventually.ts";
import { failNextCall, test, text } from "./support.ts";
import type { Tenant } from "../support/console/tenant.ts";

const PEER = "+14155550142";

/** The calls of `send-sms`, with their keys. Each waits for `release`, once `hold` was called. */
async function watchSends(page: Page) {
  const keys: string[] = [];
  let gate = Promise.resolve();
  let release = () => {};
  page.context().on("request", (request) => {
    const key = request.headers()["idempotency-key"];
    if (request.url().endsWith("/functions/v1/send-sms") && key !== undefined) keys.push(key);
  });
  await page.context().route("**/functions/v1/send-sms", async (route) => {
    await gate;
    await route.continue();
  });
  return {
    keys,
    hold: () => void (gate = new Promise((resolve) => release = resolve)),
    release: () => release(),
  };
}

const fieldOf = (tenant: Tenant) => tenant.page.getByRole("form", { name: "Write a message" });
const textOf = (tenant: Tenant) => fieldOf(tenant).getByLabel("Message", { exact: true });

test("The dialog reads a national number, tells the price, keeps its draft, and becomes a conversation with an opt-out", async (tenant) => {
  await tenant.createSubaccount();
  const number = await tenant.buyNumber("415");
  let dialog = await tenant.openDialog();
  await dialog.getByRole("combobox", { name: "To" }).fill("(415) 555-0142");
  await dialog.getByText("+1 415 555 0142 · United States").waitFor();
  const body = dialog.getByLabel("Message", { exact: true });
  await body.fill(`“Hello” ${"x".repeat(80)}`);
  await dialog.getByText(/^88\/1600 · 2 segments · UCS-2 · about \$0\.\d+/).waitFor();
  await dialog.getByRole("button", { name: "Replace “ ” with plain quotes: 1 segment instead of 2" }).click();
  await dialog.getByText(/^88\/1600 · 1 segment · GSM-7 · about \$0\.\d+/).waitFor();

  await body.fill("First");
  await tenant.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await tenant.page.reload();
  dialog = await tenant.openDialog();
  assert.equal(await body.inputValue(), "First");
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await tenant.sent.getByText("Delivered").waitFor();

  // What is typed while a message is on its way stays, and two messages keep their order.
  const sends = await watchSends(tenant.page);
  sends.hold();
  await textOf(tenant).fill("Second");
  await textOf(tenant).press("Control+Enter");
  await textOf(tenant).fill("Third");
  await textOf(tenant).press("Control+Enter");
  await textOf(tenant).fill("Typed meanwhile");
  await tenant.page.getByText("Sending…").first().waitFor();
  assert.equal(sends.keys.length, 1);
  sends.release();
  await eventually("three messages in order", async () => {
    const texts = (await tenant.sent.allTextContents()).join("|");
    return /First.*Second.*Third/.test(texts) && await tenant.page.getByText("Sending…").count() === 0;
  });
  assert.equal(new Set(sends.keys).size, 2);
  assert.equal(await textOf(tenant).inputValue(), "Typed meanwhile");

  // Of one whose dialog was closed meanwhile, the outcome is announced.
  const conversation = tenant.page.url();
  sends.hold();
  await tenant.send("+14155550143", "Closed meanwhile");
  await dialog.getByText("Sending…").waitFor();
  await tenant.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  sends.release();
  await tenant.page.getByText("Your message to +1 415 555 0143 was sent").waitFor();
  await tenant.page.goto(conversation);

  await text(PEER, number, "STOP");
  await tenant.received.getByText("STOP").waitFor();
  // With the message that brings it, not with the next poll.
  await fieldOf(tenant).getByText(/They replied STOP on /).waitFor({ timeout: 8_000 });
  assert.equal(await textOf(tenant).inputValue(), "Typed meanwhile");
  await tenant.page.reload();
  await fieldOf(tenant).getByText(/They replied STOP on .*once they text START to \+1 415/).waitFor();
  assert.equal(await textOf(tenant).inputValue(), "Typed meanwhile");
  assert.equal(await fieldOf(tenant).getByRole("button", { name: "Send", exact: true }).isDisabled(), true);
});

test("A message without a network waits, a lost response is tried again under the same key, and two tabs share a draft", async (tenant) => {
  const { page } = tenant;
  const sends = await watchSends(page);
  const dialog = await tenant.openDialog();
  await dialog.getByText("shared numbers of the platform").waitFor();
  await dialog.getByRole("combobox", { name: "To" }).fill(PEER);
  await dialog.getByLabel("Message", { exact: true }).fill("Waits");
  await page.context().setOffline(true);
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await dialog.getByText("Waiting for the network").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await dialog.getByLabel("Message", { exact: true }).inputValue(), "Waits");
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await dialog.getByText("Waiting for the network").waitFor();
  await page.context().setOffline(false);
  await tenant.sent.getByText("Sent from the shared number").waitFor();
  assert.equal(sends.keys.length, 1);

  await failNextCall(tenant, "send-sms", "request");
  await textOf(tenant).fill("Once is enough");
  await fieldOf(tenant).getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText("The server did not answer").first().waitFor();
  await page.getByRole("button", { name: "Try again" }).first().click();
  await tenant.sent.filter({ hasText: "Once is enough" }).getByText("Delivered").waitFor();
  assert.equal(await tenant.sent.filter({ hasText: "Once is enough" }).count(), 1);

  // Of one whose response was lost, the conversation shows that it was sent, and the next message does not wait for it.
  await failNextCall(tenant, "send-sms", "response");
  await textOf(tenant).fill("Sent without a response");
  await textOf(tenant).press("Control+Enter");
  await tenant.sent.filter({ hasText: "Sent without a response" }).getByText("Delivered").waitFor();
  await textOf(tenant).fill("Goes out behind it");
  await textOf(tenant).press("Control+Enter");
  await tenant.sent.filter({ hasText: "Goes out behind it" }).getByText("Delivered").waitFor();
  assert.equal(await tenant.sent.filter({ hasText: "Sent without a response" }).count(), 1);

  const second = await page.context().newPage();
  await second.goto(page.url());
  const field = second.getByRole("form", { name: "Write a message" }).getByLabel("Message", { exact: true });
  await textOf(tenant).fill("From the first tab");
  await eventually("the draft in the second tab", async () => await field.inputValue() === "From the first tab");
  await field.fill("The newest text");
  await eventually("the newest text", async () => await textOf(tenant).inputValue() === "The newest text");
  const before = sends.keys.length;
  await Promise.all([textOf(tenant).press("Control+Enter"), field.press("Control+Enter")]);
  await tenant.sent.filter({ hasText: "The newest text" }).getByText("Delivered").waitFor();
  assert.equal(new Set(sends.keys.slice(before)).size, 1);
  assert.equal(await tenant.sent.filter({ hasText: "The newest text" }).count(), 1);

  // A conversation whose number is gone goes on from another one, with what was written in it.
  const key = `switchboard/${await tenant.userId()}/draft/+14155550199~${PEER}`;
  const written = { from: "+14155550199", to: PEER, country: null, body: "Written before", mediaUrls: [], key: "k" };
  await page.evaluate(([key, draft]) => localStorage.setItem(key!, draft!), [
    key,
    JSON.stringify({ ...written, at: Date.now() }),
  ]);
  await page.goto(page.url().replace(/#.*/, `#/inbox/+14155550199~${PEER}`));
  await page.getByText("This is not one of your current numbers").waitFor();
  assert.equal(await page.getByLabel("What you wrote").inputValue(), "Written before");
  await page.getByRole("button", { name: "Send from another number" }).click();
  await page.getByText("+1 415 555 0199 is not one of your current numbers: this one is used instead").waitFor();
  assert.equal(await page.getByRole("combobox", { name: "To" }).inputValue(), PEER);
  assert.equal(await page.getByLabel("Message", { exact: true }).inputValue(), "Written before");
});

test("A contact is chosen by name, Enter sends for users who prefer it, and a refused text stays at its field until the sign-out", async (tenant) => {
  const { page } = tenant;
  const contact = {
    phoneNumber: "+14155550147",
    name: "Anna Example",
    notes: null,
    tags: [],
    createdAt: "",
    updatedAt: "",
  };
  await tenant.page.route("**/functions/v1/contacts?*", (route) => {
    return route.fulfill({
      json: { contacts: [contact], next: null },
      headers: { "access-control-allow-origin": "*" },
    });
  });
  const dialog = await tenant.openDialog();
  await dialog.getByRole("combobox", { name: "To" }).fill("Ann");
  await tenant.page.getByRole("option", { name: "Anna Example" }).click();
  await dialog.getByText("+1 415 555 0147 · Anna Example").waitFor();
  const body = dialog.getByLabel("Message", { exact: true });
  await body.fill("One");
  await body.press("Enter");
  assert.equal(await body.inputValue(), "One\n");
  await dialog.getByRole("button", { name: /Enter sends$/ }).click();
  await tenant.page.getByRole("menuitem", { name: /^Enter sends/ }).click();
  await body.fill("こん");
  await body.dispatchEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true });
  await body.press("Shift+Enter");
  assert.equal(await body.inputValue(), "こん\n");
  await body.press("Enter");
  await tenant.sent.getByText("こん").waitFor();

  await tenant.send("+15005550009", "For nobody else");
  await dialog.getByText("is not a mobile number").waitFor();
  assert.equal(await dialog.getByLabel("Message", { exact: true }).inputValue(), "For nobody else");
  await page.keyboard.press("Escape");
  const stored = () => page.evaluate(() => JSON.stringify({ ...localStorage }).includes("For nobody else"));
  assert.equal(await stored(), true);
  await page.getByRole("button", { name: /^Account of / }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.equal(await stored(), false);
});
