import type { Page } from "playwright-core";
import { click, type View } from "./view.ts";

/** The views of usage, statements and the plan. */
export const USAGE_VIEWS: readonly View[] = [
  { name: "usage", user: "busy", path: "/usage", inGate: true },
  { name: "usage-newcomer", user: "newcomer", path: "/usage" },
  { name: "usage-days", user: "monthOfUse", path: "/usage?range=30d" },
  { name: "usage-months", user: "monthOfUse", path: "/usage?from=2026-09-01&until=2026-11-28&show=messages" },
  { name: "usage-limits", user: "nearLimits", path: "/usage" },
  { name: "usage-range", user: "monthOfUse", path: "/usage?range=7d", open: click("button", /^Days: /) },
  {
    name: "usage-calendar",
    user: "monthOfUse",
    path: "/usage?range=30d",
    open: async (page) => {
      await click("button", /^Days: /)(page);
      await click("button", "Other days…")(page);
      await page.getByRole("button", { name: "Show days" }).waitFor();
    },
  },
  { name: "usage-statements", user: "busy", path: "/usage?tab=statements" },
  { name: "usage-statements-newcomer", user: "newcomer", path: "/usage?tab=statements" },
  { name: "usage-statement", user: "busy", path: "/usage?tab=statements", open: openStatement },
  { name: "usage-plan", user: "busy", path: "/usage?tab=plan" },
  { name: "usage-plan-newcomer", user: "newcomer", path: "/usage?tab=plan" },
  {
    name: "usage-plan-downgrade",
    user: "busy",
    path: "/usage?tab=plan",
    open: click("button", "Change to Starter"),
  },
  {
    name: "usage-plan-subscribe",
    user: "newcomer",
    path: "/usage?tab=plan",
    open: click("button", "Subscribe to Scale"),
  },
];

async function openStatement(page: Page): Promise<void> {
  await page.getByRole("link", { name: /invoice/i }).first().click();
  await page.getByRole("heading", { name: /^Statement of/ }).waitFor();
}
