import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { billingClock } from "../../local/driver/billing-clock.ts";
import { signIn, signUp } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { stripeSide } from "../../local/driver/stripe-side.ts";
import { twilioSide } from "../../local/driver/twilio-side.ts";
import { startStack } from "../../local/stack.ts";
import type { StackState } from "../../local/stack-state.ts";
import { visit } from "../support/console/browser.ts";
import { PASSWORD, Tenant } from "../support/console/tenant.ts";
import { browser, stack, test } from "./support.ts";

/** Amounts are billed in units of 1/10,000. */
const UNITS = 10_000;

/** The rows of a table by their first cell, each as its other cells. */
async function cellsOf(table: Locator): Promise<Map<string, string[]>> {
  const rows = await table.locator("tbody tr, tfoot tr").all();
  return new Map(
    await Promise.all(rows.map(async (row) => {
      const [head, ...cells] = await row.locator("th, td").allInnerTexts();
      return [head!.trim(), cells] as const;
    })),
  );
}

/** `$1.1821` as 11821 */
const unitsIn = (amount: string) => Math.round(Number(amount.replace(/[$,]/g, "")) * UNITS);

test("plans are compared with their prices, a smaller one says what it would stop, and without Stripe the prices are missing", async (tenant) => {
  const { page } = tenant;
  const unread = {
    plans: ["starter", "team", "scale"].map((plan) => ({ plan, name: plan, price: null, readAt: null })),
  };
  const prices = "**/functions/v1/create-checkout";
  await page.route(
    prices,
    (route) => route.request().method() === "GET" ? route.fulfill({ json: unread }) : route.continue(),
  );
  await tenant.go("Usage");
  await page.getByRole("tab", { name: "Plan" }).click();
  await page.waitForURL(/tab=plan/);
  await page.getByText("Stripe did not answer, so prices are missing here").waitFor();
  const plan = (name: string) =>
    page.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) });
  await plan("Team").getByText("You see the price before you pay").waitFor();
  await plan("Shared numbers").getByText("Your plan").waitFor();
  await page.unroute(prices);
  await page.reload();
  await plan("Team").getByText("$49.00").waitFor();
  await plan("Team").getByRole("button", { name: "Subscribe to Team" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("$49.00 a month").waitFor();
  assert.equal(await dialog.getByRole("radio", { name: "Team" }).isChecked(), true);
  await dialog.getByRole("button", { name: "Continue to payment" }).click();
  await page.getByRole("heading", { name: "Your subscription", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Subscribe", exact: true }).click();
  await page.getByText("Thank you for subscribing").waitFor();

  const ada = await signIn(stack.state, { email: tenant.email, password: PASSWORD });
  await eventually("the subaccount", async () => (await ada.switchboard.subaccount()).status === "active");
  for (const { phoneNumber } of (await ada.switchboard.searchNumbers({ areaCode: "415" })).slice(0, 2)) {
    await ada.switchboard.buyNumber({ phoneNumber });
  }
  await page.goto(`${stack.state.consoleUrl}#/usage?tab=plan`);
  await plan("Team").getByText("Your plan").waitFor();
  await plan("Starter").getByRole("button", { name: "Change to Starter" }).click();
  await dialog.getByText("You have 2 numbers, and Starter allows 1: the newest one can only receive").waitFor();
  await dialog.getByText("Messages a month: 10,000 (less than 100,000 now)").waitFor();
});

const TITLE = "the usage of a day of traffic is what the statement of its billing period bills, to the unit";

/** On a stack of its own: the clock of billing is moved to the end of the period, for all tenants of a stack. */
Deno.test(TITLE, { sanitizeOps: false, sanitizeResources: false }, async () => {
  const own = await startStack({ ephemeral: true, scheduler: 250, log: () => {} });
  try {
    await billDay(own.state);
  } finally {
    await own.stop();
  }
});

async function billDay(state: StackState): Promise<void> {
  const stripe = stripeSide(state);
  const ada = await signUp(state, "ada", PASSWORD);
  await stripe.subscribe({
    clientReferenceId: ada.id,
    plan: "team",
    email: ada.email,
    subscriptionMetadata: { user_id: ada.id },
  });
  await eventually("the subaccount", async () => (await ada.switchboard.subaccount()).status === "active");
  const [offer] = await ada.switchboard.searchNumbers({ areaCode: "415" });
  const { phoneNumber: number } = await ada.switchboard.buyNumber({ phoneNumber: offer!.phoneNumber });
  const bodies = ["Your table is booked", "See you on Friday ✓", "Long ".repeat(60)];
  const sent = await Promise.all(bodies.map((body) => ada.switchboard.sendSms({ to: "+14155550161", body })));
  for (const body of ["Thanks", "And parking?"]) {
    await twilioSide(state).inbound({ from: "+14155550161", to: number, body });
  }

  await eventually("all messages to be counted", async () => {
    const { totals } = await ada.switchboard.getUsage();
    const counts = Object.fromEntries(totals.map(({ kind, count }) => [kind, count]));
    return counts["sms_out"] === 3 && counts["sms_in"] === 2;
  });

  await using visitor = await visit(browser, state.consoleUrl);
  const { page } = visitor;
  const tenant = new Tenant(page, ada.email);
  await tenant.signIn(ada.email);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await tenant.go("Usage");
  const kinds = page.getByRole("region", { name: "Cost by kind" });
  await kinds.waitFor();
  await tenant.section("Limits").getByText("3 of 10,000", { exact: true }).waitFor();
  await tenant.section("Limits").getByText("1 of 5", { exact: true }).waitFor();
  await page.getByRole("button", { name: /^Days: This billing period / }).click();
  await page.getByRole("button", { name: "Last 7 days" }).click();
  await page.waitForURL(/range=7d/);
  const days = page.getByRole("table", { name: /^Cost by day and kind/ }).locator("tbody tr");
  await eventually("a row for each of seven days", async () => await days.count() === 7);

  // A draft of an invoice waits for the usage of its period, as the README's Stripe step says.
  await stripe.account({ gracePeriodSeconds: 72 * 3600 });
  await using clock = billingClock(state, stripe);
  const { statements: [open] } = await ada.switchboard.listStatements();
  await clock.passPeriod(
    new Date(open!.until),
    async () => (await ada.switchboard.statement(open!.id)).invoices.length > 0,
  );
  await clock.eventually("the usage of the period to be sent to Stripe", async () => {
    const { status, units, pendingUnits, invoices } = await ada.switchboard.statement(open!.id);
    return status !== "open" && units > 0 && pendingUnits === 0 && invoices.length > 0;
  });
  await page.reload();
  await kinds.waitFor();
  const used = await cellsOf(kinds);
  const usedSegments = sent.reduce((sum, { segments }) => sum + segments, 0);
  assert.deepEqual(used.get("Sent SMS")?.slice(0, 2), ["3", String(usedSegments)]);

  await page.getByRole("tab", { name: "Statements" }).click();
  await page.getByRole("link", { name: /No invoice yet|Invoice / }).last().click();
  const totals = page.getByRole("region", { name: "Totals by kind" });
  await totals.waitFor();
  const billed = await cellsOf(totals);
  assert.deepEqual([...billed.keys()].toSorted(), [...used.keys()].toSorted());
  for (const [kind, [count, segments, price, , amount]] of billed) {
    const [usedCount, usedOf, usedPrice] = used.get(kind)!;
    assert.deepEqual([kind, count, segments, price], [kind, usedCount, usedOf, usedPrice]);
    assert.equal(unitsIn(amount!), unitsIn(usedPrice!), kind);
  }
  await page.getByText("The lines add up to the billed amount").waitFor();
  const lines = await page.getByRole("region", { name: "Lines of the statement" }).locator("tbody tr").all();
  const units = await Promise.all(lines.map(async (row) => unitsIn(await row.locator("td").nth(5).innerText())));
  assert.equal(units.reduce((sum, each) => sum + each, 0), unitsIn(billed.get("Total")![4]!));

  const opened = page.context().waitForEvent("page");
  await page.getByRole("button", { name: "Print" }).click();
  const printed = await opened;
  await printed.getByRole("heading", { name: "Statement of usage" }).waitFor();
  await printed.close();
  const file = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download CSV" }).click();
  assert.match((await file).suggestedFilename(), /^statement-\d{4}-\d{2}-\d{2}\.csv$/);
  assert.deepEqual(visitor.errors, []);
}
