import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { signUp } from "../../local/driver/actor.ts";
import { databaseSide } from "../support/database-side.ts";
import { buy, freshNumber } from "../support/tenants.ts";
import { stack, strangerTest } from "./support.ts";
import { rated } from "./views/scene-operator-money.ts";

/** An action on prices: where it begins, what is entered, what is said before and after, and its line in the audit log. */
interface Deed {
  path: string;
  opens: string;
  fill: (page: Page) => Promise<void>;
  said: RegExp;
  submit: string;
  effect: readonly string[];
  action: string;
}

const enter = (fields: Record<string, string>) => async (page: Page) => {
  for (const [name, value] of Object.entries(fields)) {
    await page.getByRole("dialog").getByRole("textbox", { name, exact: true }).fill(value);
  }
};
const open = async (page: Page, path: string) => await page.evaluate((path) => void (location.hash = path), path);

/** The amounts of a row of a table, without the signs of currencies. */
async function amountsOf(page: Page, table: string, row: string): Promise<number[]> {
  const cells = page.getByRole("region", { name: table }).getByRole("row").filter({ hasText: row }).first().locator(
    "td",
  );
  await cells.first().waitFor();
  return (await cells.allInnerTexts()).map((text) => Number(text.replace("−", "-").replaceAll(/[^\d.-]/g, "")));
}

strangerTest(
  "An operator reads the margin of a rated month, and sets limits, a fee and a rate, each with its effect and its audit line",
  async ({ page }) => {
    await using database = databaseSide(stack.state);
    const { sql } = database;
    const mark = crypto.randomUUID().slice(0, 8);
    const [earner, loser] = await Promise.all([signUp(stack.state, "earner"), signUp(stack.state, "loser")]);
    await Promise.all([earner, loser].map(({ switchboard }) => switchboard.provisionSubaccount()));
    await buy(loser, freshNumber());
    const sek = { currency: "sek", state: "accepted" } as const;
    await rated(sql, [
      { ...sek, userId: earner.id, day: "2026-08-03", price: 80.5, cost: 30.25 },
      { ...sek, userId: earner.id, day: "2026-08-04", price: 20, cost: 10, state: "pending" },
      { ...sek, userId: loser.id, day: "2026-08-04", price: 5, cost: 9.5 },
      { ...sek, userId: loser.id, day: "2026-08-05", price: 7, cost: 3.5, state: "lost", lossReason: "no_payer" },
      { ...sek, userId: loser.id, day: "2026-09-05", price: 1, cost: 2 },
      // Another currency, which is in no sum of this one.
      { ...sek, userId: earner.id, day: "2026-08-03", price: 1000, cost: 1, currency: "nok" },
    ]);
    const plan = `gold-${mark}`;
    await sql`insert into public.plans (key, name, rank, max_numbers, daily_message_limit, monthly_message_limit)
      values (${plan}, ${plan}, 900000, 3, 100, 1000)`;
    await sql`insert into public.subscriptions (id, stripe_customer_id, plan_key, status)
      values (${`sub_${mark}`}, ${`cus_${mark}`}, ${plan}, 'active')`;

    await page.getByRole("button", { name: "operator@switchboard.test" }).click();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Tenants", level: 1 }).waitFor();

    const months = "Months in Swedish Krona (SEK)";
    await open(page, "/operator/revenue?from=2026-07&to=2026-09");
    // Revenue, not billed yet, lost, cost, margin, rate.
    const rows = {
      "Jul 2026": [0, 0, 0, 0, 0, NaN],
      "Aug 2026": [105.5, 20, 7, 53.25, 52.25, 49.5],
      "Sep 2026": [1, 0, 0, 2, -1, -100],
      "Total": [106.5, 20, 7, 55.25, 51.25, 48.1],
    };
    for (const [row, expected] of Object.entries(rows)) {
      const amounts = await amountsOf(page, months, row);
      assert.deepEqual(amounts.map((amount, index) => row === "Jul 2026" && index === 5 ? NaN : amount), expected, row);
      assert.equal(amounts[4], amounts[0]! - amounts[3]!, `the margin of ${row}`);
    }
    await open(page, "/operator/revenue/tenants?month=2026-08&currency=sek");
    const table = page.getByRole("region", { name: /^Tenants of Aug 2026 in Swedish Krona/ });
    await table.getByRole("link", { name: earner.email }).waitFor();
    const tenants = async () => await table.locator("tbody").getByRole("link").allInnerTexts();
    assert.deepEqual(await tenants(), [earner.email, loser.email]);
    await page.getByLabel("Order").selectOption("Smallest margin first");
    await table.getByRole("row").nth(1).getByRole("link", { name: loser.email }).waitFor();
    assert.deepEqual(await tenants(), [loser.email, earner.email]);

    await open(page, "/operator/revenue/unpaid");
    const unpaid = page.getByRole("list", { name: "Accounts without a paying tenant" }).getByRole("listitem")
      .filter({ hasText: loser.email });
    await unpaid.getByText("Never subscribed").waitFor();
    await unpaid.getByText(/^\$1\.15 a month$/).waitFor();
    await unpaid.getByRole("link", { name: "Open tenant" }).waitFor();

    const deeds: Deed[] = [
      {
        path: "/operator/prices",
        opens: `Change limits of ${plan}`,
        fill: enter({ "Messages a day": "250" }),
        said: /^Version 2 goes on sale .* 1 subscription keeps it/,
        submit: "Put version 2 on sale",
        effect: [`Version 2 is on sale: its key is ${plan}-v2`, "Messages a day: 100 → 250"],
        action: "plan.limits_set",
      },
      {
        path: "/operator/prices",
        opens: `Change limits of ${plan}, version 2`,
        fill: enter({ "Numbers": "1" }),
        said: /^No subscription has or had this plan, so its limits change at once/,
        submit: "Change limits",
        effect: [`The limits of ${plan}, version 2 are changed`, "Numbers: 3 → 1"],
        action: "plan.limits_set",
      },
      {
        path: "/operator/prices/carrier-fees",
        opens: "Set a fee",
        fill: async (page) => {
          await page.getByRole("combobox", { name: "Country" }).pressSequentially("greenl");
          await page.getByRole("option", { name: "Greenland (GL)" }).click();
          await enter({ Fee: "0.0125" })(page);
          await page.getByLabel("From").fill("2027-03-01");
        },
        said: /^Messages of this country are estimated with the fee/,
        submit: "Set fee",
        effect: ["Greenland (GL), SMS: 0.0125 from Mar 1, 2027 on", "The list of fees has it"],
        action: "carrier_fee.set",
      },
      {
        path: "/operator/prices/exchange-rates",
        opens: "Set a rate",
        fill: async (page) => {
          await enter({ "Currency of the plan": "isk", "1 USD in ISK": "137.25" })(page);
          await page.getByLabel("From").fill("2027-03-01");
        },
        said: /^Usage of that UTC day and later is billed with the rate/,
        submit: "Set rate",
        effect: ["1 USD is 137.25 ISK from Mar 1, 2027 on", "The list of rates has it"],
        action: "exchange_rate.set",
      },
    ];
    for (const [index, { path, opens, fill, said, submit, effect, action }] of deeds.entries()) {
      const reason = `${mark} ${index}`;
      await open(page, path);
      await page.getByRole("button", { name: opens, exact: true }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText(said).waitFor();
      await fill(page);
      await dialog.getByRole("combobox", { name: "Reason" }).or(dialog.getByRole("textbox", { name: "Reason" })).fill(
        reason,
      );
      await page.keyboard.press("Escape"); // the reasons given before
      await dialog.getByRole("button", { name: submit, exact: true }).click();
      for (const text of effect) await dialog.getByRole("region", { name: "Effect" }).getByText(text).waitFor();
      const lines = dialog.getByRole("region", { name: "Audit log" }).getByRole("listitem");
      await lines.filter({ hasText: action }).filter({ hasText: reason }).waitFor();
      assert.equal(await lines.count(), 1);
      await dialog.getByRole("button", { name: "Done" }).click();
      await dialog.waitFor({ state: "detached" });
      const written = await sql`
        select action from public.audit_log where details ->> 'reason' = ${reason} and actor like 'operator:%'`;
      assert.deepEqual(written.map((line) => line["action"]), [action]);
    }
    // No other test finds a plan that nobody offers.
    await sql`delete from public.subscriptions where id = ${`sub_${mark}`}`;
    await sql`delete from public.plans where name = ${plan}`;
  },
);
