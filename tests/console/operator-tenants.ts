import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { signUp } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { databaseSide } from "../support/database-side.ts";
import { buy, freshNumber } from "../support/tenants.ts";
import { stack, strangerTest, test } from "./support.ts";

const OPERATORS_CODE =
  /\/assets\/(tenants|alerts|queues|reports|revenue|prices)-screen|tenant-drawer|operator-spotlight/;

test("A tenant cannot open the operators' screens: they find no page, load no code of it, and call nothing of admin", async (tenant) => {
  const { page } = tenant;
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  for (const path of ["/operator", "/operator/tenants", "/operator/alerts", "/overview"]) {
    await page.evaluate((path) => void (location.hash = path), path);
    await page.getByRole("heading", { name: "Page not found", level: 1 }).waitFor();
    await page.getByRole("link", { name: "Go to the inbox" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Tenants" }).count(), 0);
  }
  // Until the browser has loaded the code of every screen that it may need soon.
  await page.reload();
  await eventually(
    "the screens to be loaded ahead",
    () => requests.some((url) => /\/assets\/settings-screen/.test(url)),
  );
  assert.deepEqual(requests.filter((url) => OPERATORS_CODE.test(url) || url.includes("/functions/v1/admin")), []);

  const { accessToken } = await tenant.session();
  const headers = { authorization: `Bearer ${accessToken}` };
  const calls = ["admin/tenants", "admin/health", `admin/tenant-figures?userIds=${await tenant.userId()}`];
  const answers = await Promise.all(calls.map(async (path) => {
    const response = await fetch(`${stack.state.apiUrl}/functions/v1/${path}`, { headers });
    return [response.status, (await response.json()).code];
  }));
  assert.deepEqual(answers, calls.map(() => [403, "forbidden"]));
});

strangerTest(
  "An operator lands on the tenants, finds an unpaid one by email, exports them, and provisions a user who becomes active",
  async ({ page }) => {
    const [unpaid, waiting] = await Promise.all([signUp(stack.state, "unpaid"), signUp(stack.state, "waiting")]);
    await unpaid.switchboard.provisionSubaccount();
    const number = await buy(unpaid, freshNumber());
    await unpaid.switchboard.sendSms({ from: number, to: "+14155550142", body: "Hi" });
    await using database = databaseSide(stack.state);
    await database.sql`select private.raise_alert('dead_letter', ${unpaid.id}, ${unpaid.id})`;

    await page.getByRole("button", { name: "operator@switchboard.test" }).click();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Tenants", level: 1 }).waitFor();
    assert.match(page.url(), /#\/operator\/tenants$/);
    const closeDrawer = async () => {
      await page.getByRole("dialog").getByRole("button", { name: "Close", exact: true }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
    };
    const show = (view: string) =>
      page.getByRole("radiogroup", { name: "Show" }).locator("label").getByText(view, { exact: true }).click();
    await page.getByRole("link", { name: /^Alerts \d+\+? not acknowledged$/ }).first().waitFor();

    await show("Unpaid");
    await page.getByRole("searchbox", { name: "Search tenants" }).fill(unpaid.email.toUpperCase());
    const row = page.getByRole("row").filter({ hasText: unpaid.email });
    await page.waitForURL(/\?view=unpaid&search=UNPAID-/);
    await page.getByText("1 tenant.").waitFor();
    await row.getByText("Unpaid", { exact: true }).filter({ visible: true }).waitFor();
    // One number, and what the message and its number cost. The price has no markup without a plan.
    await row.getByRole("cell", { name: "1", exact: true }).waitFor();
    await row.getByRole("img", { name: "1 message in 30 days" }).waitFor();
    await row.getByText(/^\$0\.00 0%$/).waitFor();

    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export CSV" }).click(),
    ]);
    const lines = (await readFile(await file.path(), "utf8")).trim().split("\r\n");
    assert.match(file.suggestedFilename(), /^tenants-\d{4}-\d\d-\d\d\.csv$/);
    assert.equal(lines.length, 2);
    assert.match(lines[1]!, new RegExp(`^${unpaid.id},${unpaid.email},active,active,free,`));

    await row.getByRole("link", { name: unpaid.email }).click();
    await page.waitForURL(new RegExp(`/operator/tenants/${unpaid.id}\\?view=unpaid&search=`));
    await closeDrawer();
    assert.match(page.url(), /#\/operator\/tenants\?view=unpaid&search=/);

    await page.getByRole("button", { name: "Provision a user" }).click();
    const dialog = page.getByRole("dialog", { name: "Provision a user" });
    await dialog.getByLabel("User").fill("nobody@nowhere.test");
    await dialog.getByLabel("Reason").fill("A pilot");
    await dialog.getByRole("button", { name: "Provision" }).click();
    await dialog.getByText("No user has this address. They must sign up first").waitFor();
    await dialog.getByLabel("User").fill(waiting.email.toUpperCase());
    await dialog.getByRole("button", { name: "Provision" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.waitForURL(new RegExp(`/operator/tenants/${waiting.id}`));
    await closeDrawer();
    await show("All");
    await page.getByRole("searchbox", { name: "Search tenants" }).fill(waiting.email);
    const provisioned = page.getByRole("row").filter({ hasText: waiting.email });
    await provisioned.getByText("Active", { exact: true }).filter({ visible: true }).waitFor();
    assert.equal((await waiting.switchboard.subaccount()).status, "active");
  },
);
