import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { databaseSide } from "../support/database-side.ts";
import { stack, strangerTest } from "./support.ts";
import { bury, raiseAlert, reconciled } from "./views/scene-operator-work.ts";

/** An action of an operator: where it begins, what it says, and the lines that it writes into the audit log. */
interface Deed {
  path: string;
  open: (page: Page) => Promise<void>;
  submit: string;
  /** What the receipt shows, at once or within a minute. */
  effect: readonly (string | RegExp)[];
  /** Of the audit log; `lines` of them. */
  action: string;
  lines?: number;
}

const press = (name: string | RegExp) => async (page: Page) => await page.getByRole("button", { name }).click();
/** Selects two items of a list, and presses a button above it. */
const select = (name: RegExp, then: string) => async (page: Page) => {
  for (const index of [0, 1]) await page.getByRole("checkbox", { name }).nth(index).check();
  await press(then)(page);
};

strangerTest(
  "An operator acknowledges, settles, replays, sweeps and seals again, each with its effect and its audit line",
  async ({ page }) => {
    await using database = databaseSide(stack.state);
    const { sql } = database;
    const mark = crypto.randomUUID().slice(0, 8);
    const eventId = `evt_${mark}`;
    const alert = (name: string) => raiseAlert(sql, { kind: "credit_owed", subject: `${mark}-${name}` });
    for (const name of ["known", "done", "several-1", "several-2", "several-3"]) await alert(name);
    const letters: number[] = [];
    for (let letter = 0; letter < 4; letter += 1) {
      letters.push(
        await bury(sql, {
          lane: "control",
          job: { kind: "converge", userId: crypto.randomUUID() },
          error: "no answer",
        }),
      );
    }
    await sql`select public.record_stripe_event(${eventId}, 'invoice.paid', now(), '{}')`;
    await sql`select public.settle_stripe_event(${eventId}, 'recorded')`;
    await reconciled(sql, {
      accountSid: `AC${mark.repeat(4)}`,
      day: "2026-10-05",
      userId: null,
      ledgerTotal: 1.5,
      classes: { carrier_fee: 0.25, missing_here: 0.125 },
    });

    const replay = `Replay Converge, `;
    const deeds: Deed[] = [
      {
        path: "/operator/alerts",
        open: press(`Acknowledge A tenant who left is owed a credit, ${mark}-known`),
        submit: "Acknowledge alert",
        effect: ["The alert is acknowledged: it stays open, and is quiet"],
        action: "alert.acknowledged",
      },
      {
        path: "/operator/alerts",
        open: press(`Settle A tenant who left is owed a credit, ${mark}-done`),
        submit: "Settle alert",
        effect: ["The alert is settled"],
        action: "alert.settled",
      },
      {
        path: "/operator/alerts",
        open: select(new RegExp(`${mark}-several-[12]`), "Acknowledge selected"),
        submit: "Acknowledge 2 alerts",
        effect: ["2 alerts are acknowledged"],
        action: "alert.acknowledged",
        lines: 2,
      },
      {
        path: "/operator/alerts?state=acknowledged&kind=credit_owed",
        open: select(new RegExp(`${mark}-(known|several-1)`), "Settle selected"),
        submit: "Settle 2 alerts",
        effect: ["2 alerts are settled"],
        action: "alert.settled",
        lines: 2,
      },
      {
        path: "/operator/queues",
        open: press(`${replay}${letters[0]}`),
        submit: "Replay",
        effect: ["The job is in the lane Control again", "It is no longer among the dead letters"],
        action: "dead_letters.replayed",
      },
      {
        path: "/operator/queues",
        open: select(new RegExp(`Converge, (${letters[1]}|${letters[2]})$`), "Replay selected"),
        submit: "Replay 2",
        effect: ["2 jobs are in their lanes again", "They are no longer among the dead letters"],
        action: "dead_letters.replayed",
      },
      {
        path: "/operator/queues",
        open: press("Replay all"),
        submit: "Replay all",
        effect: [/^\d+ jobs? (is|are) in their lanes again$/],
        action: "dead_letters.replayed",
      },
      {
        path: "/operator/queues",
        open: async (page) => {
          await press("Replay a Stripe event")(page);
          await page.getByRole("textbox", { name: "Event" }).fill(eventId);
        },
        submit: "Replay event",
        effect: [`The event ${eventId} is processed again`, "No event of Stripe waits to be processed"],
        action: "event.replayed",
      },
      {
        path: "/operator/reports/sweep",
        open: press("Sweep now"),
        submit: "Sweep now",
        effect: ["The sweep is accepted", /^\d+ accounts? compared: /],
        action: "sweep.requested",
      },
      {
        path: "/operator/reports/keys",
        open: press("Seal again now"),
        submit: "Seal again",
        effect: ["The rotation is accepted", /sealed/],
        action: "sealing_keys.rotation_requested",
      },
    ];

    await page.getByRole("button", { name: "operator@switchboard.test" }).click();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("navigation", { name: "Screens" }).getByRole("link", { name: "Alerts" }).first().waitFor();
    for (const [index, { path, open, submit, effect, action, lines = 1 }] of deeds.entries()) {
      const reason = `${mark} ${index}`;
      await page.evaluate((path) => void (location.hash = path), path);
      await open(page);
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("combobox", { name: "Reason" }).or(dialog.getByRole("textbox", { name: "Reason" })).fill(
        reason,
      );
      await page.keyboard.press("Escape"); // the reasons given before
      await dialog.getByRole("button", { name: submit, exact: true }).click();
      for (const text of effect) await dialog.getByRole("region", { name: "Effect" }).getByText(text).first().waitFor();
      const shown = dialog.getByRole("region", { name: "Audit log" }).getByRole("listitem");
      await shown.filter({ hasText: action }).filter({ hasText: reason }).nth(lines - 1).waitFor();
      assert.equal(await shown.count(), lines, action);
      await dialog.getByRole("button", { name: "Done" }).click();
      await dialog.waitFor({ state: "detached" });
      const written = await sql`
      select action from public.audit_log where details ->> 'reason' = ${reason} and actor like 'operator:%'`;
      assert.deepEqual(written.map((line) => line["action"]), Array(lines).fill(action));
    }

    // What was done is in the log of all operators, and the difference of a day is explained by classes that add up.
    await page.evaluate(() => void (location.hash = "/operator/reports/audit?action=event.replayed"));
    await page.getByRole("list", { name: "Audit log" }).getByText(`“${mark} 7”`).waitFor();
    await page.evaluate(
      (account) => void (location.hash = `/operator/reports/reconciliation?account=${account}`),
      `AC${mark.repeat(4)}`,
    );
    const day = page.getByRole("list", { name: "Days" }).getByRole("listitem");
    await day.getByText("To be explained").waitFor();
    assert.deepEqual(await day.locator("td").allInnerTexts(), ["$1.875", "-$1.50", "$0.375", "$0.25", "$0.125"]);
  },
);
