import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { eventually } from "../../local/driver/eventually.ts";
import { hasWritten } from "../support/console/past.ts";
import type { Tenant } from "../support/console/tenant.ts";
import { stack, test } from "./support.ts";

const OWN = "+14155550100";

const numberOf = (index: number) => `+1415555${2000 + index}`;
const shownNumber = (index: number) => `+1 415 555 ${2000 + index}`;

/** 200 conversations, the newest first: every third is an unread one, and number 4 has failed. */
const CONVERSATIONS = Array.from({ length: 200 }, (_, index) => ({
  with: numberOf(index),
  body: index === 7
    ? `We look forward to seeing you. ${"Please be on time. ".repeat(4)}Your table is ready.`
    : `Text ${index}`,
  direction: index % 3 === 0 ? "inbound" as const : "outbound" as const,
  ...(index === 4 && { status: "undelivered" }),
  ago: 60 + index * 60,
}));

const list = (page: Page) => page.getByRole("navigation", { name: "Conversations" });
const row = (page: Page, name: string): Locator => list(page).getByRole("link", { name });

async function titled(page: Page, title: string): Promise<void> {
  await eventually(`the title to be "${title}"`, async () => await page.title() === title);
}

/** The id of the conversation whose row has the focus. */
function focusedRow(page: Page): Promise<string | null> {
  return page.evaluate(() => document.activeElement?.getAttribute("data-conversation") ?? null);
}

async function focuses(page: Page, index: number): Promise<void> {
  await eventually(`row ${index} to have the focus`, async () => (await focusedRow(page))?.endsWith(numberOf(index)));
}

/** Waits until an element has the focus. */
async function hasFocus(element: Locator): Promise<void> {
  await element.and(element.page().locator(":focus")).waitFor();
}

/** The shared number that a tenant without a subaccount can send from. */
async function sharedNumber(tenant: Tenant): Promise<string> {
  const { accessToken } = await tenant.session();
  const response = await fetch(`${stack.state.apiUrl}/functions/v1/list-numbers`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const { numbers } = await response.json();
  return numbers[0].phoneNumber;
}

/** Opens the inbox with 200 conversations. */
async function openInbox(tenant: Tenant, own = OWN): Promise<Page> {
  await hasWritten(stack.state, tenant, own, CONVERSATIONS);
  await tenant.go("Inbox");
  await row(tenant.page, shownNumber(0)).waitFor();
  return tenant.page;
}

test("The inbox scrolls to the oldest of 200 conversations, and lists them by filter and search, which the address keeps", async (tenant) => {
  const page = await openInbox(tenant);
  const list200th = row(page, shownNumber(199));
  await eventually("the oldest conversation to be listed", async () => {
    await page.locator(".conversations").evaluate((element) => element.scrollTo(0, element.scrollHeight));
    return await list200th.isVisible();
  });

  // What arrives meanwhile in conversations above, in and below what is in view moves nothing but these.
  await page.locator(".conversations").evaluate((element) => element.scrollTo(0, 3_000));
  const inView = row(page, shownNumber(48));
  await inView.waitFor();
  const { y: before } = (await inView.boundingBox())!;
  await hasWritten(stack.state, tenant, OWN, [10, 49, 190, 250].map((index) => ({ with: numberOf(index), ago: 0 })));
  await titled(page, "(71) Inbox · Switchboard");
  await row(page, shownNumber(49)).waitFor({ state: "hidden" });
  const { y: after } = (await inView.boundingBox())!;
  assert.ok(Math.abs(after - before) < 2, `the conversation in view has moved by ${after - before} pixels`);

  await page.getByText("Failed", { exact: true }).click();
  await row(page, shownNumber(4)).getByText("Not delivered: Text 4").waitFor();
  assert.equal(await list(page).getByRole("link").count(), 1);
  await page.getByText("Opted out", { exact: true }).click();
  await list(page).getByText("No opt-outs").waitFor();
  await page.getByText("Unread 71", { exact: true }).click();
  await row(page, shownNumber(3)).waitFor();
  assert.equal(await row(page, shownNumber(4)).count(), 0);
  assert.match(page.url(), /#\/inbox\?view=unread$/);
  await page.reload();
  await row(page, shownNumber(3)).waitFor();
  assert.equal(await row(page, shownNumber(4)).count(), 0);
  await page.goBack();
  await list(page).getByText("No opt-outs").waitFor();

  await tenant.go("Inbox");
  await page.getByRole("searchbox").fill("5552012");
  const conversation = list(page).getByRole("region", { name: "Matching conversations" }).getByRole("link");
  await conversation.getByText("Text 12", { exact: true }).waitFor();
  assert.deepEqual(await conversation.locator("mark").allInnerTexts(), ["555", "2012"]);
  const answered = Promise.withResolvers<void>();
  await page.route("**/list-conversations?*search=table*", async (route) => {
    await answered.promise;
    await route.continue();
  });
  await page.getByRole("searchbox").fill("table");
  // Messages below conversations of the search before would move when the list is replaced.
  await list(page).getByRole("region", { name: "Matching conversations" }).and(page.locator("[aria-busy=true]"))
    .waitFor();
  await list(page).getByRole("region", { name: "Matching messages" }).waitFor({ state: "hidden" });
  answered.resolve();
  await list(page).getByText("No name or number matches “table”.").waitFor();
  const found = list(page).getByRole("region", { name: "Matching messages" }).getByRole("link");
  await found.getByText(/^….*time\. Your table is ready\.$/).waitFor();
  assert.equal(await found.locator("mark").innerText(), "table");
  await found.click();
  await page.getByRole("heading", { name: shownNumber(7) }).waitFor();
  await tenant.sent.getByText("Your table is ready").waitFor();
  assert.match(page.url(), /search=table&at=[0-9a-f-]{36}$/);
  await page.keyboard.press("Escape");
  await hasFocus(found);
  await page.getByRole("searchbox").fill("text 19");
  await found.nth(10).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("j");
  await hasFocus(found.nth(1));
  await page.keyboard.press("k");
  await hasFocus(found.first());
});

test("A read conversation is read in the list, the navigation, the title and another tab, and so is one marked as unread", async (tenant) => {
  const { page } = tenant;
  await hasWritten(stack.state, tenant, OWN, [
    { with: numberOf(1), body: "First", ago: 30 },
    { with: numberOf(1), body: "Second", ago: 20 },
    { with: numberOf(2), body: "Third", ago: 10 },
  ]);
  await titled(page, "(2) Overview · Switchboard");
  await tenant.go("Inbox");
  await row(page, shownNumber(1)).getByText("2 unread").waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await titled(other, "(2) Inbox · Switchboard");
  await page.bringToFront();

  await page.getByText("Unread 2", { exact: true }).click();
  await row(page, shownNumber(1)).click();
  await titled(page, "(1) Inbox · Switchboard");
  // It stays in the list that it was opened from.
  await row(page, shownNumber(1)).waitFor();
  await titled(other, "(1) Inbox · Switchboard");
  await row(other, shownNumber(1)).waitFor();
  await row(other, shownNumber(1)).getByText("unread").waitFor({ state: "hidden" });
  assert.equal(await page.getByRole("link", { name: "Inbox 1 unread" }).count(), 1);

  await page.getByRole("button", { name: "Actions of this conversation" }).click();
  await page.getByRole("menuitem", { name: "Mark as unread" }).click();
  await page.getByText("No conversation open").waitFor();
  await row(page, shownNumber(1)).getByText("1 unread").waitFor();
  await row(other, shownNumber(1)).getByText("1 unread").waitFor();
  await titled(other, "(2) Inbox · Switchboard");
  await other.close();
});

test("A contact's name replaces the number, its tag filters the inbox, and an import reports each bad line", async (tenant) => {
  const { page } = tenant;
  await hasWritten(stack.state, tenant, OWN, [{ with: numberOf(1), body: "Hello" }, { with: numberOf(2), ago: 90 }]);
  await tenant.go("Inbox");
  await row(page, shownNumber(1)).click();
  await page.getByRole("button", { name: "Actions of this conversation" }).click();
  await page.getByRole("menuitem", { name: "Add to contacts" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Zoë Ångström");
  await dialog.getByRole("combobox", { name: "Tags" }).fill("x".repeat(41));
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Add contact" }).click();
  await dialog.getByText("Use at most 20 tags of at most 40 characters").waitFor();
  await dialog.getByRole("combobox", { name: "Tags" }).press("Backspace");
  await dialog.getByRole("combobox", { name: "Tags" }).fill("VIP");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Add contact" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("heading", { name: "Zoë Ångström" }).waitFor();
  await row(page, "Zoë Ångström").waitFor();

  await page.getByRole("button", { name: "More filters" }).click();
  await page.getByRole("combobox", { name: "Tag" }).click();
  await page.getByRole("option", { name: "VIP" }).click();
  await row(page, shownNumber(2)).waitFor({ state: "hidden" });
  await row(page, "Zoë Ångström").waitFor();
  assert.match(page.url(), /\?tag=VIP$/);

  await tenant.go("Contacts");
  await page.getByRole("button", { name: "Import" }).click();
  await dialog.getByLabel("Contacts").fill(`Phone,Name\n${numberOf(2)},Ada Lovelace\n12,Nobody`);
  // The parser is loaded with the first import.
  await page.route("**/assets/papaparse*", (route) => route.abort());
  await dialog.getByRole("button", { name: "Import" }).click();
  await dialog.getByText("A new version of the console is available. Reload the page").waitFor();
  await page.unroute("**/assets/papaparse*");
  await dialog.getByRole("button", { name: "Import" }).click();
  await dialog.getByText("1 added, 0 updated, 0 unchanged").waitFor();
  await dialog.getByText("1 line was not imported").waitFor();
  await dialog.getByText(/^Line 3: /).waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.getByRole("searchbox").fill("love");
  await page.getByRole("button", { name: /^Zoë/ }).waitFor({ state: "hidden" });
  await page.getByRole("button", { name: /^Ada Lovelace/ }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete contact" }).click();
  await page.getByText("No matching contacts").waitFor();
});

test("The keyboard alone moves, opens, closes, marks, searches and writes, and no key acts while one types", async (tenant) => {
  const page = await openInbox(tenant, await sharedNumber(tenant));
  await page.keyboard.press("j");
  await focuses(page, 0);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await focuses(page, 2);
  await page.keyboard.press("k");
  await focuses(page, 1);
  await page.keyboard.press("Enter");
  await eventually(
    "the focus to be on the heading of the conversation",
    () => page.evaluate((name) => document.activeElement?.textContent === name, shownNumber(1)),
  );
  await page.keyboard.press("r");
  const field = page.getByLabel("Message", { exact: true });
  await page.keyboard.type("Sent with the button");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("log").getByText("Sent with the button").waitFor();
  // The button has nothing to send any more.
  await hasFocus(field);
  await page.keyboard.type("jku/?");
  assert.equal(await page.getByLabel("Message", { exact: true }).inputValue(), "jku/?");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await focuses(page, 1);
  await row(page, shownNumber(1)).getByText("Draft: jku/?").waitFor();

  await page.keyboard.press("k");
  await row(page, shownNumber(0)).getByText("1 unread").waitFor();
  await page.keyboard.press("e");
  await row(page, shownNumber(0)).getByText("1 unread").waitFor({ state: "hidden" });
  await page.keyboard.press("u");
  await row(page, shownNumber(0)).getByText("1 unread").waitFor();

  await page.keyboard.press("/");
  await page.keyboard.type("5552150");
  await row(page, shownNumber(150)).first().waitFor();
  await page.keyboard.press("ArrowDown");
  await focuses(page, 150);
  await page.keyboard.press("Shift+?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.keyboard.press("c");
  await page.getByRole("dialog", { name: "New message" }).waitFor();
  await hasFocus(page.getByRole("combobox", { name: "To" }));
  // What is typed here is not covered and closed by the search.
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await focuses(page, 150);

  const spotlight = page.locator("input:focus").and(page.getByPlaceholder("Search or choose"));
  await page.keyboard.press("Control+k");
  await spotlight.waitFor();
  await page.keyboard.type("5552044");
  await page.getByRole("button", { name: shownNumber(44) }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: shownNumber(44) }).waitFor();
  await page.keyboard.press("Control+k");
  await spotlight.waitFor();
  await page.keyboard.type("buy");
  await page.getByRole("button", { name: "Sign out" }).waitFor({ state: "hidden" });
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Numbers", level: 1 }).waitFor();
});

test("On a phone, a conversation covers the list, and the way back leads to its row", async (tenant) => {
  await tenant.page.setViewportSize({ width: 375, height: 720 });
  const page = await openInbox(tenant);
  const scroller = page.locator(".conversations");
  await scroller.evaluate((element) => element.scrollTo(0, 3000));
  const opened = row(page, shownNumber(50));
  await opened.click();
  await page.getByRole("heading", { name: shownNumber(50) }).waitFor();
  assert.equal(await opened.isVisible(), false);
  // The Escape key closes the menu, not the conversation.
  await page.getByRole("button", { name: "Actions of this conversation" }).click();
  const menu = page.getByRole("menu");
  await menu.waitFor();
  await page.keyboard.press("Escape");
  await menu.waitFor({ state: "detached" });
  await page.getByRole("link", { name: "All conversations" }).click();
  await focuses(page, 50);
  assert.equal(await opened.isVisible(), true);
});

test("A list that cannot be read says so and is read again on request, and a filter that finds nothing yet goes on on request", async (tenant) => {
  const { page } = tenant;
  let isDown = true;
  await page.route("**/functions/v1/list-conversations*", async (route) => {
    const query = new URL(route.request().url()).searchParams;
    if (isDown && query.has("optedOut")) return await route.fulfill({ status: 403, json: { code: "forbidden" } });
    if (!query.has("failed")) return await route.continue();
    // A short page of a long walk: nothing found so far.
    await route.fulfill({ json: { conversations: [], unreadConversations: 0, next: "further" } });
  });
  await tenant.go("Inbox");
  await list(page).getByText("No messages yet").waitFor();
  await page.getByText("Opted out", { exact: true }).click();
  await list(page).getByRole("button", { name: "Try again" }).waitFor();
  isDown = false;
  await list(page).getByRole("button", { name: "Try again" }).click();
  await list(page).getByText("No opt-outs").waitFor();
  await page.getByText("Failed", { exact: true }).click();
  await list(page).getByText("Nothing found so far").waitFor();
  await list(page).getByRole("button", { name: "Look further back" }).click();
  await list(page).getByText("Nothing found so far").waitFor();
});
