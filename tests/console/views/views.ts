import type { Page } from "playwright-core";
import { CAMPAIGN_VIEWS } from "./of-campaigns.ts";
import { USAGE_VIEWS } from "./of-usage.ts";
import { SETTINGS_VIEWS } from "./of-settings.ts";
import { OPERATOR_TENANTS_VIEWS } from "./of-operator-tenants.ts";
import { OPERATOR_TENANT_VIEWS } from "./of-operator-tenant.ts";
import { OPERATOR_WORK_VIEWS } from "./of-operator-work.ts";
import { OPERATOR_MONEY_VIEWS } from "./of-operator-money.ts";
import { click, type View } from "./view.ts";

/** Every view. The screenshots show each, and the tests of the layout and of accessibility look at each. */
export const VIEWS: readonly View[] = [
  { name: "sign-in", user: null, path: "/", inGate: true },
  { name: "sign-up", user: null, path: "/", open: click("button", "Create an account") },
  { name: "forgotten-password", user: null, path: "/", open: click("button", "Forgot your password?") },
  { name: "newcomer-overview", user: "newcomer", path: "/", inGate: true },
  { name: "newcomer-inbox", user: "newcomer", path: "/inbox" },
  { name: "newcomer-contacts", user: "newcomer", path: "/contacts" },
  { name: "newcomer-numbers", user: "newcomer", path: "/numbers" },
  { name: "overview", user: "busy", path: "/", inGate: true },
  { name: "overview-plan-dialog", user: "busy", path: "/", open: click("button", "Change plan") },
  { name: "overview-cancel-dialog", user: "busy", path: "/", open: click("button", "Cancel subscription") },
  { name: "account-menu", user: "busy", path: "/", open: click("button", /^Account of /) },
  { name: "inbox", user: "busy", path: "/inbox", inGate: true },
  { name: "inbox-thread", user: "busy", path: ({ busy }) => `/inbox/${busy.conversation}` },
  { name: "inbox-failure", user: "busy", path: ({ busy }) => `/inbox/${busy.failing}` },
  { name: "inbox-unbroken", user: "busy", path: ({ busy }) => `/inbox/${busy.numbers[1]}~+14155550113`, inGate: true },
  { name: "inbox-pictures", user: "busy", path: ({ busy }) => `/inbox/${busy.numbers[0]}~+14155550117` },
  { name: "inbox-search", user: "busy", path: "/inbox?search=order" },
  { name: "inbox-nothing-found", user: "busy", path: "/inbox?view=unread&tag=nobody" },
  { name: "send-dialog", user: "busy", path: "/inbox", open: click("button", "New message") },
  { name: "spotlight", user: "busy", path: "/", open: (page) => page.keyboard.press("Control+k") },
  { name: "contacts", user: "busy", path: "/contacts", inGate: true },
  { name: "contact-dialog", user: "busy", path: "/contacts", open: click("button", /^New contact/) },
  { name: "numbers", user: "busy", path: "/numbers", inGate: true },
  { name: "numbers-search", user: "busy", path: "/numbers", open: search },
  {
    name: "numbers-buy-dialog",
    user: "busy",
    path: "/numbers",
    open: async (page) => {
      await search(page);
      await click("button", /^Buy \+/)(page);
    },
  },
  {
    name: "numbers-release-dialog",
    user: "busy",
    path: "/numbers",
    open: async (page) => {
      await click("button", /^Change \+/)(page);
      await click("menuitem", "Release")(page);
    },
  },
  { name: "account", user: "busy", path: "/account", inGate: true },
  { name: "past-due-overview", user: "pastDue", path: "/" },
  { name: "past-due-thread", user: "pastDue", path: "/inbox", open: click("link", /Ada Lovelace/) },
  { name: "unpaid-overview", user: "unpaid", path: "/" },
  { name: "unpaid-thread", user: "unpaid", path: "/inbox", open: click("link", /Ada Lovelace/) },
  { name: "paused-overview", user: "paused", path: "/" },
  { name: "held-overview", user: "held", path: "/" },
  { name: "held-send-dialog", user: "held", path: "/inbox", open: click("button", "New message") },
  { name: "canceled-overview", user: "canceled", path: "/" },
  { name: "canceled-numbers", user: "canceled", path: "/numbers" },
  { name: "canceled-plan-dialog", user: "canceled", path: "/contacts", open: click("button", "Subscribe") },
  { name: "ending-overview", user: "ending", path: "/" },
  { name: "near-limits-overview", user: "nearLimits", path: "/" },
  { name: "near-limits-banners", user: "nearLimits", path: "/contacts", open: click("button", /^and \d more/) },
  { name: "at-limits-overview", user: "atLimits", path: "/" },
  { name: "at-limits-thread", user: "atLimits", path: "/inbox", open: click("link", /Ada Lovelace/) },
  { name: "at-limits-banners", user: "atLimits", path: "/numbers", open: click("button", /^and \d more/) },
  { name: "operator-overview", user: "operator", path: "/overview" },
  { name: "operator-numbers", user: "operator", path: "/numbers" },
  ...CAMPAIGN_VIEWS,
  ...USAGE_VIEWS,
  ...SETTINGS_VIEWS,
  ...OPERATOR_TENANTS_VIEWS,
  ...OPERATOR_TENANT_VIEWS,
  ...OPERATOR_WORK_VIEWS,
  ...OPERATOR_MONEY_VIEWS,
  { name: "not-found", user: "busy", path: "/campaigns/of/2019", inGate: true },
];

async function search(page: Page): Promise<void> {
  await page.getByLabel("Area code").fill("415");
  await click("button", "Search")(page);
  await page.getByRole("button", { name: /^Buy \+/ }).first().waitFor();
}
