import assert from "node:assert/strict";
import { printedStatement } from "../supabase/functions/_shared/billing/printed-statement.ts";
import type { StatementDetails, StatementLine } from "../supabase/functions/_shared/billing/statements.ts";
import { startBrowser } from "./support/console/browser.ts";

const ATTACK = `"><img src=x onerror="document.title='broken'"><script>document.title='broken'</script>`;

const PERIOD = { from: "2027-02-01T00:00:00.000Z", until: "2027-03-01T00:00:00.000Z" };

function line(day: number, fields: Partial<StatementLine> = {}): StatementLine {
  const use = { count: 1240, segments: 1310, price: 10.3856, included: 2.5, amount: 7.8856, units: 78_856 };
  return {
    kind: "sms_out",
    day: `2027-02-${String(day).padStart(2, "0")}`,
    type: "usage",
    state: "billed",
    ...PERIOD,
    isLate: false,
    ...use,
    ...fields,
  };
}

const STATEMENT: StatementDetails = {
  id: "0199d5a0-7f6e-7c3b-8a55-2b1f0c6d9e01",
  type: "period",
  status: "closed",
  ...PERIOD,
  isTrial: false,
  currency: "eur",
  units: 2_195_468,
  amount: 219.54684,
  pendingUnits: 0,
  invoices: [{
    id: "in_1",
    number: `A-0042 ${ATTACK}`,
    status: "paid",
    total: 248.55,
    url: null,
    lines: [
      { kind: "sms_out", quantity: 2_184_968, amount: 218.5, rounding: 0.0032 },
      { kind: "number", quantity: 10_500, amount: 1.05, rounding: 0 },
    ],
  }],
  lines: [
    line(1, { isLate: true, from: "2027-01-01T00:00:00.000Z", until: "2027-02-01T00:00:00.000Z", day: "2027-01-31" }),
    ...Array.from({ length: 26 }, (_, index) => line(index + 1)),
    line(27, { type: "correction", count: 0, segments: 0, price: -0.62, included: 0, amount: -0.62, units: -6200 }),
    line(1, { kind: "number", count: 1, segments: 0, price: 1.05, included: 0, amount: 1.05, units: 10_500 }),
  ],
  totals: [
    {
      kind: "sms_out",
      count: 33_480,
      segments: 35_370,
      price: 279.79,
      included: 67.5,
      amount: 218.49684,
      units: 2_184_968,
      remainder: 0.4,
      pendingUnits: 0,
      othersUnits: 0,
      invoicedUnits: 2_184_968,
    },
    {
      kind: "number",
      count: 1,
      segments: 0,
      price: 1.05,
      included: 0,
      amount: 1.05,
      units: 10_500,
      remainder: 0,
      pendingUnits: 0,
      othersUnits: 0,
      invoicedUnits: 10_500,
    },
  ],
  addsUp: { ledger: true, summaries: true, invoice: true },
};

Deno.test({
  name: "a printed statement shows its lines under its own policy, and no text in it becomes markup",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => printedStatement(STATEMENT, `${ATTACK}@example.com`),
    );
    const browser = await startBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, locale: "en-US" });
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      await page.goto(`http://127.0.0.1:${server.addr.port}/statement`);
      assert.equal(await page.title(), "Statement of usage, 2027-02-01");
      assert.equal(await page.locator("img, script").count(), 0);
      assert.equal(await page.locator("dd").first().innerText(), `${ATTACK}@example.com`);
      assert.equal(
        await page.locator("dd").nth(1).innerText(),
        "1 February 2027 at 00:00 to 1 March 2027 at 00:00 (UTC)",
      );
      assert.equal(await page.locator(".sum strong").innerText(), "€219.5468");
      const rows = await page.locator("section:last-of-type tbody tr").allInnerTexts();
      assert.equal(rows.length, STATEMENT.lines.length);
      assert.equal(
        rows[0],
        "31 Jan 2027\tSent SMS\tOf 1 Jan 2027 to 1 Feb 2027\t1,240\t1,310\t€10.3856\t€2.50\t€7.8856\t78,856",
      );
      assert.equal(rows[27], "27 Feb 2027\tSent SMS\tCorrection\t0\t0\t-€0.62\t€0.00\t-€0.62\t-6,200");
      const title = page.locator("h1");
      const styleOf = (name: string) =>
        title.evaluate((node, name) => getComputedStyle(node as never).getPropertyValue(name), name);
      // The policy allows the page's own style sheet only.
      assert.equal(await styleOf("font-size"), "28px");
      await page.emulateMedia({ media: "print" });
      const padding = await page.locator("main").evaluate((node) => getComputedStyle(node as never).paddingTop);
      assert.equal(padding, "0px");
      const screenshots = Deno.env.get("SCREENSHOTS");
      if (screenshots !== undefined) {
        await page.emulateMedia({ media: "screen" });
        await page.screenshot({ path: `${screenshots}/statement.png`, fullPage: true });
        await page.pdf({ path: `${screenshots}/statement.pdf`, format: "A4" });
      }
      assert.deepEqual(errors, []);
    } finally {
      await browser.close();
    }
  },
});
