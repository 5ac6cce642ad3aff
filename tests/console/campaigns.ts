import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { eventually } from "../../local/driver/eventually.ts";
import { twilioSide } from "../../local/driver/twilio-side.ts";
import type { Tenant } from "../support/console/tenant.ts";
import { type DatabaseSide, databaseSide } from "../support/database-side.ts";
import { failNextCall, stack, test } from "./support.ts";

/** A tenant with a number, and the limits that a campaign of 200 needs. */
async function withNumber(tenant: Tenant, { sql }: DatabaseSide): Promise<string> {
  const { userId } = await tenant.session();
  await sql`
    insert into private.tenant_limits (user_id, daily_message_limit, monthly_message_limit, spend_limit,
      messages_per_second, reason, set_by)
    values (${userId}, 5000, 5000, 500, 200, 'a test', ${userId})`;
  await tenant.createSubaccount();
  const number = (await tenant.buyNumber("415")).replaceAll(" ", "");
  await sql`update public.user_twilio_numbers set messages_per_second = 200 where phone_number = ${number}`;
  return number;
}

/** The rows of a list with semicolons and quoted line breaks: 190 good ones, and ten bad ones. */
function listOf200(): { csv: string; badLines: number[]; unreachable: string } {
  const lines = ["Kunde;Mobil;Gutschein"];
  const badLines: number[] = [];
  let line = 1;
  for (let index = 0; index < 200; index += 1) {
    line += 1;
    const isBad = index % 20 === 7;
    if (isBad) badLines.push(line);
    const number = isBad ? (index % 40 === 7 ? "12" : "") : `+1530555${String(1000 + index)}`;
    const code = index === 3 ? '"A;\n3"' : `G-${index}`;
    if (index === 3) line += 1;
    lines.push(`Name ${index};${number};${code}`);
  }
  return { csv: `\uFEFF${lines.join("\r\n")}\r\n`, badLines, unreachable: "+15305551199" };
}

const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 2 });

async function proceed(page: Page, to: string): Promise<void> {
  await page.getByRole("button", { name: "Continue" }).click();
  await heading(page, to).waitFor();
}

/** How many recipients the page shows under a result. */
async function countOf(page: Page, label: string): Promise<number> {
  const button = page.getByRole("group", { name: "Show only" }).getByRole("button", { name: label });
  return await button.count() === 0 ? 0 : Number((await button.innerText()).replace(/\D/g, ""));
}

test("A CSV of 200 with bad rows is uploaded, mapped, written, reviewed and delivered; its results are exported and the failed ones retried", async (tenant) => {
  const { page } = tenant;
  await using database = databaseSide(stack.state);
  await withNumber(tenant, database);
  const { csv, badLines, unreachable } = listOf200();
  await twilioSide(stack.state).decide(unreachable, { status: "undelivered", errorCode: 30003 });
  await tenant.go("Campaigns");
  await page.getByRole("link", { name: "New campaign" }).click();
  await page.locator("input[type=file]").setInputFiles({
    name: "kunden.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(csv),
  });
  await page.getByText("200 recipients").waitFor();
  assert.equal(await page.getByRole("combobox", { name: "Column with the phone numbers" }).inputValue(), "Mobil");
  await proceed(page, "Message");
  const message = page.getByRole("textbox", { name: "Message" });
  await message.fill("Hallo , dein Code: ");
  await message.evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(6, 6));
  await page.getByRole("button", { name: "Insert Kunde" }).click();
  await page.waitForFunction(() => document.activeElement?.tagName === "TEXTAREA");
  await message.press("End");
  await page.getByRole("button", { name: "Insert Gutschein" }).click();
  assert.equal(await message.inputValue(), "Hallo {{Kunde}}, dein Code: {{Gutschein}}");
  await page.getByText("Hallo Name 0, dein Code: G-0").waitFor();
  await page.getByRole("button", { name: "Next recipient" }).click();
  await page.getByText("Hallo Name 1, dein Code: G-1").waitFor();

  // Draft, list and step survive a reload.
  await page.reload();
  assert.equal(await message.inputValue(), "Hallo {{Kunde}}, dein Code: {{Gutschein}}");
  await proceed(page, "Schedule");
  await proceed(page, "Review");
  await heading(page, "10 rows get no message").waitFor();
  const rejected = page.getByRole("region", { name: "Rejected rows" }).getByRole("row");
  const shownLines = (await rejected.allInnerTexts()).slice(1).map((row) => Number(row.split("\t")[0]));
  assert.deepEqual(shownLines, badLines);
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download" }).click(),
  ]);
  const rows = (await readFile(await file.path(), "utf8")).trim().split("\r\n");
  assert.equal(rows.length, 11);
  assert.match(rows[1]!, /^"Name 7",12,G-7,10,"This is not a phone number"$/);
  await page.getByText(/^\$\d+\.\d+$/).waitFor();

  // A lost answer: the same campaign is found, not a second one.
  await failNextCall(tenant, "send-bulk", "response");
  await page.getByRole("button", { name: "Send to 190 recipients" }).click();
  await page.getByText("It is not known whether this campaign was created").waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Nothing is sent yet").waitFor();
  const id = /campaigns\/([0-9a-f-]{36})/.exec(page.url())![1]!;
  await eventually("every result", async () => {
    return await countOf(page, "Delivered") + await countOf(page, "Failed") === 190;
  }, 60_000);
  await page.getByText("Completed", { exact: true }).waitFor();
  assert.equal(await countOf(page, "Failed"), 1);
  const made = await database.sql<{ n: number }[]>`
    select count(*)::integer as n from public.campaigns where user_id = ${await tenant.userId()}`;
  assert.deepEqual([...made], [{ n: 1 }]);

  await page.getByRole("group", { name: "Show only" }).getByRole("button", { name: "Failed" }).click();
  assert.match(page.url(), /\?result=failed$/);
  await page.getByRole("region", { name: "Recipients" }).getByText("+1 530 555 1199").waitFor();
  const [results] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export" }).click(),
  ]);
  assert.equal((await readFile(await results.path(), "utf8")).trim().split("\r\n").length, 191);

  await page.getByRole("button", { name: "Retry failed" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Retry 1" }).click();
  await page.getByRole("link", { name: "an earlier campaign" }).waitFor();
  assert.ok(!page.url().includes(id));
  await page.getByText("Completed", { exact: true }).waitFor();
  assert.equal(await countOf(page, "Failed"), 1);
});

test("A campaign that is sent and undone within ten seconds sends nothing and is a draft again; one that runs is paused, resumed and canceled", async (tenant) => {
  const { page } = tenant;
  await using database = databaseSide(stack.state);
  const number = await withNumber(tenant, database);
  await page.goto(page.url().replace(/#.*/, "#/campaigns/new"));
  await page.getByText("Paste a table", { exact: true }).click();
  const numbers = Array.from({ length: 60 }, (_, index) => `+1530556${2000 + index}`);
  await page.getByRole("textbox", { name: "Table" }).fill(numbers.join("\n"));
  await page.getByRole("button", { name: "Use this table" }).click();
  await proceed(page, "Message");
  await page.getByRole("textbox", { name: "Name" }).fill("Undone");
  await page.getByRole("textbox", { name: "Message" }).fill("Hello");
  await proceed(page, "Schedule");
  await proceed(page, "Review");
  await page.getByRole("button", { name: "Send to 60 recipients" }).click();
  await page.getByText(/begins in \d+ s/).waitFor();
  // The server keeps the time, not this page.
  await page.reload();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone: nothing was sent").waitFor();
  await heading(page, "Review").waitFor();
  const { sql } = database;
  const userId = await tenant.userId();
  const states = () =>
    sql<{ status: string; n: number }[]>`
      select c.status::text, (select count(*)::integer from public.sms_messages m where m.campaign_id = c.id) as n
      from public.campaigns c where c.user_id = ${userId} order by c.created_at`;
  assert.deepEqual([...await states()].map(({ status, n }) => [status, n]), [["canceled", 0]]);

  await sql`update public.user_twilio_numbers set messages_per_second = 2 where phone_number = ${number}`;
  await page.getByRole("button", { name: "Send to 60 recipients" }).click();
  await page.getByText("Nothing is sent yet").waitFor();
  await page.getByRole("button", { name: "Pause" }).click({ timeout: 40_000 });
  await page.getByText("You have paused it").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("Sending", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel the campaign" }).click();
  await page.getByText("Canceled", { exact: true }).waitFor();
  await eventually("the results of what was sent", async () => {
    return await countOf(page, "Delivered") + await countOf(page, "Skipped") === 60;
  });
  assert.ok(await countOf(page, "Skipped") > 0);

  await tenant.signOut();
  const kept = await page.evaluate(async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const opening = indexedDB.open("switchboard-campaign-drafts", 1);
    opening.onsuccess = () => {
      const counting = opening.result.transaction("drafts").objectStore("drafts").count();
      counting.onsuccess = () => resolve(counting.result);
    };
    return await promise;
  });
  assert.equal(kept, 0);
});
