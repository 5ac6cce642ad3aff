import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { eventually } from "../../local/driver/eventually.ts";
import { databaseSide } from "../support/database-side.ts";
import { stack, test } from "./support.ts";

const OWN = "+14155550199";
const BUSY = "+14155550151";
const QUIET = "+14155550152";
/** In the soak, 10,000. */
const HISTORY = Number(Deno.env.get("THREAD_MESSAGES") ?? 2_000);
const MIDDLE = HISTORY / 2;

/** Stores a conversation of many messages, the newest a minute ago, and an old one. Returns the id of message `at`. */
async function storeHistory(userId: string, at: number): Promise<string> {
  await using database = databaseSide(stack.state);
  const { sql } = database;
  await sql`
    insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, created_at)
    select ${userId}, (case when n % 2 = 0 then 'inbound' else 'outbound' end)::public.message_direction,
      case when n % 2 = 0 then ${BUSY} else ${OWN} end, case when n % 2 = 0 then ${OWN} else ${BUSY} end,
      'Message ' || n || case when n % 7 = 0 then repeat(' and some more words', n % 40) else '' end,
      (case when n % 2 = 0 then 'received' else 'delivered' end)::public.message_status, 'AC' || repeat('0', 32), 'subaccount',
      now() - make_interval(mins => ${HISTORY} - n + 1)
    from generate_series(1, ${HISTORY}) n`;
  await store(userId, QUIET, "An old word", 30 * 24 * 60);
  const [row] = await sql<{ id: string }[]>`
    select id from public.sms_messages where user_id = ${userId} and body ~ ${`^Message ${at}( |$)`}`;
  return row!.id;
}

/** Stores a received message. */
async function store(userId: string, from: string, body: string, minutesAgo = 0): Promise<void> {
  await using database = databaseSide(stack.state);
  await database.sql`
    insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, created_at)
    values (${userId}, 'inbound', ${from}, ${OWN}, ${body}, 'received', ${`AC${"0".repeat(32)}`}, 'subaccount',
      now() - make_interval(mins => ${minutesAgo}))`;
}

const thread = (page: Page) => page.getByRole("log", { name: "Messages" });
const message = (page: Page, number: number) =>
  thread(page).getByText(new RegExp(`^Message ${number}( and|$)`)).first();

async function topOf(locator: Locator): Promise<number> {
  // Soon, because a row that was scrolled away does not come back.
  return (await locator.boundingBox({ timeout: 1_000 }))!.y;
}

/** The numbers of the messages on the screen, from the top down. */
async function shownNumbers(page: Page): Promise<number[]> {
  const texts = await thread(page).locator(".bubble-body").allInnerTexts();
  return texts.map((body) => Number(/^Message (\d+)/.exec(body)?.[1]));
}

function assertContiguous(numbers: readonly number[]) {
  assert.deepEqual(numbers, numbers.map((_, index) => numbers[0]! + index));
}

/** How far what was visible has moved by itself: the sum of the layout shifts of a page, from now on. */
async function watchShifts(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const shifts = { sum: 0 };
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[]) {
        if (!entry.hadRecentInput) shifts.sum += entry.value;
      }
    }).observe({ type: "layout-shift" });
  });
  return () => page.evaluate(() => (globalThis as unknown as { shifts: { sum: number } }).shifts.sum);
}

test("A conversation of thousands of messages scrolls both ways, keeps the reader's place, and opens at any message", async (tenant) => {
  const { page } = tenant;
  // The other stories open their threads with motion.
  await page.emulateMedia({ reducedMotion: "reduce" });
  const userId = await tenant.userId();
  const middle = await storeHistory(userId, MIDDLE);
  await tenant.go("Inbox");
  const list = page.getByRole("navigation", { name: "Conversations" });
  await list.getByText("An old word").waitFor();
  const shifted = await watchShifts(page);
  await list.getByText(`Message ${HISTORY}`).click();
  await message(page, HISTORY).waitFor();
  // Only the rows in view are on the page.
  assert.ok(await thread(page).getByRole("listitem").count() < 60);

  // Back through some pages with the keyboard.
  await thread(page).focus();
  await eventually("older messages to be loaded", async () => {
    await page.keyboard.press("Home");
    return (await shownNumbers(page))[0]! < HISTORY - 150;
  });
  assertContiguous(await shownNumbers(page));
  assert.ok(await shifted() <= 0.05, `the layout has shifted by ${await shifted()}`);

  // What arrives meanwhile is counted, and moves nothing.
  const [seen, before] = await eventually("the scrolling to end", async () => {
    const numbers = await shownNumbers(page);
    const number = numbers[Math.floor(numbers.length / 2)]!;
    const top = await topOf(message(page, number));
    await page.waitForTimeout(300);
    return (await message(page, number).count()) === 1 && await topOf(message(page, number)) === top && [number, top];
  });
  await store(userId, BUSY, "Fresh");
  await page.getByRole("button", { name: "1 new message" }).waitFor();
  const moved = Math.abs(await topOf(message(page, seen)) - before);
  assert.ok(moved < 8, `the message in view has moved by ${moved} pixels`);
  await page.getByRole("button", { name: "1 new message" }).click();
  await thread(page).getByText("Fresh").waitFor();
  await page.getByRole("button", { name: /new message|Latest messages/ }).waitFor({ state: "detached" });
  await store(userId, BUSY, "Fresher");
  await thread(page).getByText("Fresher").waitFor();
  // The reader is at the end: the conversation is read.
  await page.getByRole("status").getByText("New message from +1 415 555 0151: Fresher").waitFor({ state: "attached" });
  await eventually("the conversation to be read", async () => {
    await using database = databaseSide(stack.state);
    const [row] = await database.sql<{ unread: number }[]>`
      select unread from public.sms_conversations where user_id = ${userId} and peer_number = ${BUSY}`;
    return row!.unread === 0;
  });

  // A banner that appears, or a composer that grows, takes height from the thread: its end stays in view.
  await page.setViewportSize({ width: 1280, height: 770 });
  await eventually(
    "the end to be in view",
    () =>
      thread(page).evaluate(({ scrollTop, scrollHeight, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2),
    5_000,
  );
  await page.setViewportSize({ width: 1280, height: 820 });

  // A link to a message in the middle.
  await page.goto(`${stack.state.consoleUrl}#/inbox/${OWN}~${BUSY}?at=${middle}`);
  const found = thread(page).locator("[aria-current=true]");
  await found.getByText(`Message ${MIDDLE}`).waitFor();
  assert.equal(await found.isVisible(), true);
  await page.mouse.move(900, 400);
  for (const direction of [1, -1]) {
    await eventually("the next page to be loaded", async () => {
      await page.mouse.wheel(0, direction * 1500);
      const numbers = await shownNumbers(page);
      return direction === 1 ? numbers.at(-1)! > MIDDLE + 60 : numbers[0]! < MIDDLE - 60;
    });
    assertContiguous(await shownNumbers(page));
  }
  await page.getByRole("button", { name: "Latest messages" }).click();
  await thread(page).getByText("Fresher").waitFor();
});

test("A message shows its links, files, price, and why it failed, and can be sent again", async (tenant) => {
  const { page } = tenant;
  await tenant.send("+15005530003", "Are you there?");
  const reason = thread(page).getByText("The recipient's phone is off or cannot be reached");
  await reason.waitFor();
  await tenant.sent.getByText("Sent from the shared number").waitFor();
  assert.doesNotMatch(await thread(page).innerText(), /Twilio|30003|switchboard:/);
  await tenant.sent.first().hover();
  await tenant.sent.getByRole("button", { name: "Details of this message" }).click();
  const details = page.getByRole("dialog");
  await details.getByText("1 (GSM-7)").waitFor();
  await details.getByRole("link", { name: "30003" }).waitFor();
  await page.keyboard.press("Escape");

  const seen = Promise.withResolvers<void>();
  await page.route("**/functions/v1/send-sms", async (route) => {
    await seen.promise;
    await route.continue();
  });
  await page.getByRole("button", { name: "Resend" }).click();
  await tenant.sent.getByText("Sending…").waitFor();
  seen.resolve();
  await eventually("the second attempt to fail", async () => await reason.count() === 2);
  assert.equal(await tenant.sent.count(), 2);
});
