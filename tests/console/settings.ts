import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import postgres from "postgres";
import { eventually } from "../../local/driver/eventually.ts";
import { listen } from "../support/listener.ts";
import type { Tenant } from "../support/console/tenant.ts";
import { stack, test } from "./support.ts";

/** Calls a function as the tenant does elsewhere: the page does not know. */
// deno-lint-ignore no-explicit-any -- the stories assert the shape of each body
async function callElsewhere(tenant: Tenant, path: string, body?: object): Promise<any> {
  const { accessToken } = await tenant.session();
  const response = await fetch(`${stack.state.apiUrl}/functions/v1/${path}`, {
    headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
    ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return await response.json();
}

/** Something that a tenant is told, also at their webhook. */
async function notify(tenant: Tenant): Promise<void> {
  const sql = postgres(stack.state.dbUrl, { max: 1, onnotice: () => {} });
  try {
    await sql`
      select private.notify_tenant(${await tenant
      .userId()}, 'usage.threshold', '2026-11-01T00:00:00Z 80', '{"percent": 80}')`;
  } finally {
    await sql.end();
  }
}

test("A webhook is set up with a secret that is shown once, is paused by a 410, resumed, and a failed delivery is replayed", async (tenant) => {
  const { page } = tenant;
  await using server = await listen();
  await tenant.go("Settings");
  await page.getByRole("link", { name: "Webhook" }).click();
  const webhook = tenant.section("Forward webhook");
  await webhook.getByLabel("URL").fill("example.com/hook");
  await webhook.getByRole("button", { name: "Save URL" }).click();
  await webhook.getByText("Enter a URL that begins with https://").waitFor();
  await webhook.getByLabel("URL").fill(`${server.url}/hook`);
  await webhook.getByRole("button", { name: "Save URL" }).click();
  await webhook.getByText("you will not see it again").waitFor();
  await webhook.getByText("Not confirmed").waitFor();
  assert.equal(server.tests.length, 0);

  // Shown once: another section keeps it, a new visit does not, and then there is another one.
  const first = (await webhook.getByText(/^whsec_/).textContent())!;
  await page.getByRole("link", { name: "Countries" }).click();
  await page.getByRole("link", { name: "Webhook" }).click();
  assert.equal(await webhook.getByText(/^whsec_/).textContent(), first);
  await page.reload();
  await webhook.getByRole("button", { name: "Create another secret" }).click();
  const secret = (await webhook.getByText(/^whsec_/).textContent())!;
  assert.notEqual(secret, first);
  await webhook.getByRole("button", { name: "Send test event and use" }).click();
  await webhook.getByText("In use", { exact: true }).waitFor();
  assert.equal(await page.getByText(/whsec_/).filter({ hasText: secret }).count(), 0);
  const [event] = server.tests;
  new Webhook(secret).verify(event!.body, event!.headers);
  await webhook.getByRole("button", { name: "Send test event" }).click();
  await webhook.getByText("Your server answered the test event").waitFor();
  assert.equal(server.tests.length, 2);

  // A server that is gone pauses the webhook, and its delivery has failed.
  server.reply(410);
  await notify(tenant);
  const deliveries = tenant.section("Deliveries");
  await eventually("the delivery to fail", async () => {
    const { deliveries: [latest] } = await callElsewhere(tenant, "forward-webhook/deliveries");
    return latest?.status === "failed";
  });
  await page.reload();
  await webhook.getByText("Paused", { exact: true }).waitFor();
  await deliveries.getByRole("button", { name: /^Failed.*Status 410/ }).waitFor();
  assert.equal(await deliveries.getByRole("button", { name: /^Replay/ }).count(), 0);
  server.reply(204);
  await webhook.getByRole("button", { name: "Resume" }).click();
  await webhook.getByText("In use", { exact: true }).or(webhook.getByText("Failing", { exact: true })).waitFor();

  // The filter and the open delivery are in the address.
  await deliveries.getByRole("combobox", { name: "Status" }).click();
  await page.getByRole("option", { name: "Failed" }).click();
  await deliveries.getByRole("button", { name: /^Failed/ }).click();
  const dialog = page.getByRole("dialog", { name: "Delivery" });
  await dialog.getByText('"percent": 80').waitFor();
  assert.match(page.url(), /#\/settings\/webhook\?status=failed&delivery=[0-9a-f-]{36}$/);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await deliveries.getByRole("button", { name: /^Replay/ }).click();
  await deliveries.getByText("No matching deliveries").waitFor();
  await deliveries.getByRole("button", { name: "Show all" }).click();
  await deliveries.getByRole("button", { name: /^Delivered.*Status 204.*2 attempts/ }).waitFor();
  const [failed, replayed] = server.heard;
  assert.equal(replayed!.headers["webhook-id"], failed!.headers["webhook-id"]);

  await webhook.getByRole("button", { name: "Remove" }).click();
  const removal = page.getByRole("dialog");
  assert.equal(await removal.getByRole("button", { name: "Remove webhook" }).isDisabled(), true);
  await removal.getByLabel("Type remove to confirm").fill("remove");
  await removal.getByRole("button", { name: "Remove webhook" }).click();
  await webhook.getByText("You have no webhook yet").waitFor();
});

test("Settings are saved in the bar, asked about before they are left, typed to confirm, and never overwrite others' unseen", async (tenant) => {
  const { page } = tenant;
  await tenant.go("Settings");
  const bar = page.getByRole("region", { name: "Unsaved changes" });
  const answer = (word: string) => tenant.section(`Answer to ${word}`).getByLabel("Your answer");

  // Saved by keyboard.
  await answer("HELP").fill("Corner Café, +1 415 555 0100");
  await page.getByRole("figure").getByText("Corner Café, +1 415 555 0100").waitFor();
  await bar.getByText("answer to HELP").waitFor();
  await page.keyboard.press("Control+s");
  await page.getByText("Settings saved").waitFor();
  await bar.waitFor({ state: "detached" });

  // Left by a link and with Back.
  await answer("STOP").fill("Goodbye");
  const screens = page.getByRole("navigation", { name: "Screens" });
  const question = page.getByRole("dialog", { name: "Leave without saving?" });
  await screens.getByRole("link", { name: "Contacts" }).first().click();
  await question.getByRole("button", { name: "Stay" }).click();
  await question.waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Retention" }).click();
  await page.getByRole("heading", { name: "Retention" }).waitFor();
  await page.goBack();
  assert.equal(await answer("STOP").inputValue(), "Goodbye");
  await page.goBack();
  await question.getByRole("button", { name: "Stay" }).click();
  await question.waitFor({ state: "detached" });
  assert.match(page.url(), /#\/settings$/);
  await page.goBack();
  await question.getByRole("button", { name: "Leave" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await tenant.go("Settings");
  assert.equal(await answer("STOP").inputValue(), "");

  // A shorter retention deletes texts.
  await page.getByRole("link", { name: "Retention" }).click();
  await page.getByRole("radio", { name: "Delete them after some days" }).click();
  await page.getByRole("textbox", { name: "Days" }).fill("");
  await bar.getByRole("button", { name: "Save" }).click();
  await page.getByText("Enter a number of days from 1 to 3650").waitFor();
  await page.getByRole("textbox", { name: "Days" }).fill("30");
  await page.getByText("Texts and pictures of messages older than 30 days are deleted every day").waitFor();
  await bar.getByRole("button", { name: "Save" }).click();
  const confirmation = page.getByRole("dialog", { name: "Delete older texts?" });
  await confirmation.getByText("the texts and pictures of every message before").waitFor();
  const confirm = confirmation.getByRole("button", { name: "Save and delete" });
  assert.equal(await confirm.isDisabled(), true);
  await confirmation.getByLabel("Type 30 days to confirm").fill("30 days");
  await confirm.click();
  await confirmation.waitFor({ state: "detached" });
  assert.equal((await callElsewhere(tenant, "messaging-settings")).retentionDays, 30);

  // What was saved elsewhere meanwhile is shown before it is replaced.
  await page.getByRole("link", { name: "Keyword answers" }).click();
  const stored = await callElsewhere(tenant, "messaging-settings");
  await callElsewhere(tenant, "messaging-settings", { ...stored, helpReply: "From elsewhere", startReply: "Welcome" });
  await answer("HELP").fill("From here");
  await bar.getByRole("button", { name: "Save" }).click();
  await bar.getByText("Your settings were changed elsewhere meanwhile").waitFor();
  await tenant.section("Answer to HELP").getByText("Saved elsewhere meanwhile: “From elsewhere”").waitFor();
  await eventually("the other change", async () => await answer("START").inputValue() === "Welcome");
  assert.equal(await answer("HELP").inputValue(), "From here");
  await bar.getByRole("button", { name: "Save" }).click();
  await bar.waitFor({ state: "detached" });
  const { helpReply, startReply, retentionDays } = await callElsewhere(tenant, "messaging-settings");
  assert.deepEqual({ helpReply, startReply, retentionDays }, {
    helpReply: "From here",
    startReply: "Welcome",
    retentionDays: 30,
  });
});

test("Opt-outs are added and imported with the lines that are wrong, found by number, and exported", async (tenant) => {
  const { page } = tenant;
  await tenant.go("Settings");
  await page.getByRole("link", { name: "Opt-outs" }).click();
  const optOuts = tenant.section("Opt-outs");
  await optOuts.getByRole("button", { name: "Import a list" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Opt-outs", { exact: true }).fill(
    "recipient,optedOutAt\n+14155550161,2026-01-02T00:00:00Z\nnobody,\n+14155550162,",
  );
  await dialog.getByRole("button", { name: "Import" }).click();
  await dialog.getByText("2 added, 0 known already").waitFor();
  await dialog.getByText("Line 3: “nobody” is not a phone number in international form").waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  const rows = optOuts.getByRole("listitem");
  await rows.filter({ hasText: "+1 415 555 0162" }).waitFor();

  await optOuts.getByRole("button", { name: "Add" }).click();
  await dialog.getByLabel("Phone number").fill("+1 415 555 0163");
  await dialog.getByRole("button", { name: "Add opt-out" }).click();
  await rows.filter({ hasText: "Added by you" }).waitFor();
  await optOuts.getByRole("searchbox").fill("+1 (415) 555-0161");
  await eventually("one row", async () => await rows.count() === 1);
  await rows.getByText("+1 415 555 0161").waitFor();
  await optOuts.getByRole("searchbox").fill("Ada");
  await optOuts.getByText("Enter the whole number").waitFor();

  const [file] = await Promise.all([
    page.waitForEvent("download"),
    optOuts.getByRole("button", { name: "Export all" }).click(),
  ]);
  const text = await Deno.readTextFile(await file.path());
  assert.equal(file.suggestedFilename(), "opt-outs.csv");
  assert.deepEqual(text.match(/\+1415555016\d/g)?.sort(), ["+14155550161", "+14155550162", "+14155550163"]);
});
