import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { type Actor, signUp } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { stripeSide } from "../../local/driver/stripe-side.ts";
import { readable } from "../../console/src/phone/phone-format.ts";
import { databaseSide } from "../support/database-side.ts";
import { buy, freshNumber } from "../support/tenants.ts";
import { stack, strangerTest } from "./support.ts";

/** An action in the drawer: how its form is opened and filled in, what it says, and its line in the audit log. */
interface Act {
  tab: string;
  /** The button that opens the form. */
  open: string;
  /** The article or the list's item that the button is in. */
  within?: string;
  fill?: Record<string, string>;
  submit: string;
  /** The effect as the dialog says it. */
  effect: RegExp;
  audit: string;
}

strangerTest(
  "An operator does every action on a tenant, each with a reason, its effect and its own line of the audit log",
  async ({ page }) => {
    await using database = databaseSide(stack.state);
    const ada = await signUp(stack.state, "ada");
    const [first] = await subscribed(ada);
    const number = await buy(ada, freshNumber());
    const second = await subscriptionOf(ada);
    await database.sql`select private.raise_alert('campaign_paused', ${ada.id}, ${ada.id}, '{"twilioCode": 21610}')`;
    await database.sql`
    select pgmq.send('jobs_dead', jsonb_build_object('lane', 'control', 'error', 'Twilio 500', 'movedAt', now(),
      'job', jsonb_build_object('kind', 'sync-numbers', 'userId', ${ada.id}::text)))`;
    const sid = (await ada.switchboard.subaccount()).subaccountSid!;
    await signInAsOperator(page);
    await openTenant(page, ada.id);

    const name = readable(number);
    const phone = { Number: number };
    const acts: Act[] = [
      {
        tab: "Overview",
        open: "Compare with Twilio",
        submit: "Compare now",
        effect: /^Compared: the subaccount is active/,
        audit: "tenant.sync_requested",
      },
      {
        tab: "Overview",
        open: "Rotate token",
        submit: "Rotate token",
        effect: /has another token$/,
        audit: "token.rotation_requested",
      },
      {
        tab: "Limits",
        open: "Set own limits",
        fill: { "Messages in 24 hours": "50", "Markup": "1.5" },
        submit: "Set limits",
        effect: /^They apply/,
        audit: "limits.set",
      },
      {
        tab: "Limits",
        open: "Remove own limits",
        submit: "Remove limits",
        effect: /^The plan's limits apply/,
        audit: "limits.removed",
      },
      {
        tab: "Numbers",
        open: "Set send rate",
        fill: { "Messages a second": "3" },
        submit: "Set send rate",
        effect: /has the rate$/,
        audit: "number.send_rate_set",
      },
      {
        tab: "Numbers",
        open: "Move away",
        submit: "Move number",
        effect: /^It is no longer one of/,
        audit: "number.moved",
      },
      {
        tab: "Numbers",
        open: "Offer a number",
        fill: phone,
        submit: "Offer number",
        effect: /is offered to tenants/,
        audit: "number.offered",
      },
      {
        tab: "Numbers",
        open: "No longer offer",
        fill: phone,
        submit: "No longer offer",
        effect: /is no longer offered$/,
        audit: "number.withdrawn",
      },
      {
        tab: "Numbers",
        open: "Move a number here",
        fill: phone,
        submit: "Move number",
        effect: /^It is one of the tenant's/,
        audit: "number.moved",
      },
      {
        tab: "Alerts and jobs",
        open: "Replay",
        submit: "Replay job",
        effect: /^It is no longer among the dead letters/,
        audit: "dead_letters.replayed",
      },
      {
        tab: "Alerts and jobs",
        open: "Acknowledge",
        submit: "Acknowledge alert",
        effect: /^It is quiet now/,
        audit: "alert.acknowledged",
      },
      {
        tab: "Alerts and jobs",
        open: "Settle",
        submit: "Settle alert",
        effect: /^It is no longer among the open alerts/,
        audit: "alert.settled",
      },
      {
        tab: "Overview",
        open: "Suspend",
        submit: "Suspend tenant",
        effect: /^The subaccount is suspended/,
        audit: "tenant.suspended",
      },
      {
        tab: "Overview",
        open: "Resume",
        submit: "Resume tenant",
        effect: /^The subaccount is active/,
        audit: "tenant.released",
      },
      {
        tab: "Subscriptions",
        open: "Cancel at the period's end",
        within: first,
        submit: "Cancel at the period's end",
        effect: /^The subscription ends on/,
        audit: "subscription.cancellation_requested",
      },
      {
        tab: "Subscriptions",
        open: "Undo the cancellation",
        within: first,
        submit: "Undo the cancellation",
        effect: /^The subscription continues/,
        audit: "subscription.cancellation_requested",
      },
      {
        tab: "Subscriptions",
        open: "Cancel now and give back the rest",
        within: first,
        submit: "Cancel now and give back the rest",
        effect: /^The subscription is over/,
        audit: "subscription.cancellation_requested",
      },
      {
        tab: "Subscriptions",
        open: "Cancel now",
        within: second,
        submit: "Cancel now",
        effect: /^The subscription is over/,
        audit: "subscription.cancellation_requested",
      },
      { tab: "Overview", open: "Provision", submit: "Provision", effect: /is active$/, audit: "tenant.provisioned" },
      {
        tab: "Overview",
        open: "Close for good…",
        fill: { [`Type ${sid} to confirm`]: sid },
        submit: "Close for good",
        effect: /^The subaccount is closed/,
        audit: "tenant.closed",
      },
    ];
    for (const [index, act] of acts.entries()) {
      if (act.open === "Offer a number") await knowsMasterNumber(database, number);
      await perform(page, act, `reason ${index} for ${name}`);
    }
    const reasons = (await timelineReasons(ada)).filter((reason) => reason.endsWith(name));
    assert.equal(reasons.length, new Set(reasons).size);
  },
);

strangerTest(
  "An operator finds an unpaid tenant, reads why, suspends them and sees the effect within one minute",
  async ({ page }) => {
    const ben = await signUp(stack.state, "ben");
    const [subscriptionId] = await subscribed(ben);
    await buy(ben, freshNumber());
    await stripeSide(stack.state).control(subscriptionId, "payment_fails");
    await eventually("the failed payment", async () => {
      await using database = databaseSide(stack.state);
      const [row] = await database.sql`select status from public.subscriptions where id = ${subscriptionId}`;
      return row?.["status"] === "past_due";
    });
    await signInAsOperator(page);
    const began = Date.now();
    await page.getByRole("radiogroup", { name: "Show" }).locator("label").getByText("Unpaid", { exact: true }).click();
    await page.getByRole("searchbox", { name: "Search tenants" }).fill(ben.email);
    await page.getByRole("row").getByRole("link", { name: ben.email }).click();
    const drawer = page.getByRole("dialog", { name: ben.email });
    const situation = drawer.getByRole("note", { name: "Situation" });
    await situation.getByText(/^Unpaid since .*: the last payment for the subscription to "team" failed.* a month\.$/)
      .waitFor();
    await situation.getByRole("button", { name: "Suspend" }).click();

    const dialog = page.getByRole("dialog", { name: `Suspend: ${ben.email}` });
    // Without a reason nothing is sent, and a lost answer is said in place with what was entered.
    await dialog.getByRole("button", { name: "Suspend tenant" }).click();
    await dialog.getByText("Give a reason: the audit log keeps it").waitFor();
    await dialog.getByRole("combobox", { name: "Reason" }).fill("unpaid, no answer to two mails");
    await page.route("**/functions/v1/admin/suspend", (route) => route.abort(), { times: 1 });
    await dialog.getByRole("button", { name: "Suspend tenant" }).click();
    await dialog.getByRole("alert").getByText("It is safe to try again").waitFor();
    await dialog.getByRole("button", { name: "Suspend tenant" }).click();
    await dialog.getByRole("region", { name: "Effect" }).getByText("The subaccount is suspended at Twilio").waitFor();
    await dialog.getByRole("region", { name: "Audit log" }).getByText("unpaid, no answer to two mails").waitFor();
    const seconds = Math.ceil((Date.now() - began) / 1000);
    assert.ok(seconds <= 60, `it took ${seconds} s`);

    // The Escape key closes the dialog alone, and the drawer says what is the case now.
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await situation.getByText(/^Suspended by an operator on .*, because “unpaid, no answer to two mails”/).waitFor();
    assert.equal((await ben.switchboard.subaccount()).status, "suspended");

    // The tab is in the address, and a reason is suggested again.
    await drawer.getByRole("tab", { name: "Timeline" }).click();
    await drawer.getByRole("listitem").filter({ hasText: "tenant.suspended" }).getByText("by you").waitFor();
    assert.match(page.url(), /tab=timeline/);
    await page.reload();
    await drawer.getByRole("listitem").filter({ hasText: "tenant.suspended" }).waitFor();
    await drawer.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("dialog", { name: /^Resume/ }).getByRole("combobox", { name: "Reason" }).click();
    await page.getByRole("option", { name: "unpaid, no answer to two mails" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByRole("dialog", { name: /^Resume/ }).waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    assert.match(page.url(), /#\/operator\/tenants/);
  },
);

/** Does an action in the drawer and expects its effect, and the line of its own request beside it. */
async function perform(page: Page, act: Act, reason: string): Promise<void> {
  const { tab, open, within, fill = {}, submit, effect, audit } = act;
  const drawer = page.getByRole("dialog").first();
  await drawer.getByRole("tab", { name: tab }).click();
  const place = within === undefined ? drawer.getByRole("tabpanel") : drawer.getByRole("article", { name: within });
  await place.getByRole("button", { name: open, exact: true }).and(enabled(page)).first().click();
  // The first one is the drawer below it.
  const dialog = page.getByRole("dialog").nth(1);
  for (const [label, text] of Object.entries(fill)) await dialog.getByRole("textbox", { name: label }).fill(text);
  await dialog.getByRole("combobox", { name: "Reason" }).fill(reason);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST" && response.url().includes("/admin/")),
    dialog.getByRole("button", { name: submit, exact: true }).click(),
  ]);
  const requestId = answer.headers()["x-request-id"]!;
  await dialog.getByRole("region", { name: "Effect" }).getByText(effect).waitFor();
  const line = dialog.getByRole("region", { name: "Audit log" }).getByRole("listitem").filter({ hasText: audit });
  await line.getByText(`“${reason}”`).waitFor();
  await using database = databaseSide(stack.state);
  const lines = await database.sql`select action, details ->> 'reason' as reason from public.audit_log
    where request_id = ${requestId} and actor like 'operator:%'`;
  // What follows from the action has lines of its own without a reason, such as a number that becomes the primary one.
  const own = lines.filter((one) => one["reason"] !== null).map((one) => [one["action"], one["reason"]]);
  assert.deepEqual(own, [[audit, reason]]);
  await dialog.getByRole("button", { name: "Done" }).click();
  await dialog.getByRole("button", { name: "Done" }).waitFor({ state: "detached" });
}

const enabled = (page: Page): Locator => page.locator("button:not([aria-disabled])");

async function signInAsOperator(page: Page): Promise<void> {
  await page.getByRole("button", { name: "operator@switchboard.test" }).click();
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Tenants", level: 1 }).waitFor();
}

async function openTenant(page: Page, userId: string): Promise<void> {
  await page.evaluate((id) => void (location.hash = `/operator/tenants/${id}`), userId);
  await page.getByRole("note", { name: "Situation" }).waitFor();
}

/** Buys a plan through a Payment Link, and waits for the subaccount. */
async function subscribed(actor: Actor): Promise<[string]> {
  const subscriptionId = await subscriptionOf(actor);
  await eventually("the subaccount", async () => (await actor.switchboard.subaccount()).status === "active");
  return [subscriptionId];
}

async function subscriptionOf({ id, email }: Actor): Promise<string> {
  const { subscriptionId } = await stripeSide(stack.state).subscribe({ clientReferenceId: id, plan: "team", email });
  return subscriptionId;
}

/** The list of the main account's numbers is refreshed by a job of its own. */
async function knowsMasterNumber({ sql }: ReturnType<typeof databaseSide>, number: string): Promise<void> {
  await sql`
    insert into private.master_numbers (phone_sid, phone_number)
    select n.phone_sid, n.phone_number from public.user_twilio_numbers n where n.phone_number = ${number}
    on conflict do nothing`;
}

async function timelineReasons({ id }: Actor): Promise<string[]> {
  await using database = databaseSide(stack.state);
  const rows = await database.sql`select details ->> 'reason' as reason from public.audit_log
    where user_id = ${id} and actor like 'operator:%'`;
  return rows.map((row) => String(row["reason"]));
}
