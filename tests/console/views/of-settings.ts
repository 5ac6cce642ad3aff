import type { Page } from "playwright-core";
import { click, type View } from "./view.ts";

/** The views of the settings. */
export const SETTINGS_VIEWS: readonly View[] = [
  { name: "settings-messages", user: "busy", path: "/settings" },
  { name: "settings-unsaved", user: "busy", path: "/settings", open: (page) => write(page) },
  { name: "settings-leaving", user: "busy", path: "/settings", open: leave },
  { name: "settings-countries", user: "busy", path: "/settings/countries", open: choose },
  { name: "settings-retention", user: "busy", path: "/settings/retention" },
  { name: "settings-retention-dialog", user: "busy", path: "/settings/retention", open: shorten },
  { name: "settings-opt-outs", user: "busy", path: "/settings/opt-outs" },
  { name: "settings-no-opt-outs", user: "newcomer", path: "/settings/opt-outs" },
  { name: "settings-opt-out-dialog", user: "busy", path: "/settings/opt-outs", open: click("button", "Add") },
  { name: "settings-opt-out-import", user: "busy", path: "/settings/opt-outs", open: click("button", "Import") },
  { name: "settings-webhook", user: "busy", path: "/settings/webhook", inGate: true },
  { name: "settings-no-webhook", user: "newcomer", path: "/settings/webhook" },
  {
    name: "settings-delivery",
    user: "busy",
    path: "/settings/webhook?status=pending",
    open: (page) => page.getByRole("list", { name: "Deliveries" }).getByRole("button").first().click(),
  },
  { name: "settings-no-delivery", user: "busy", path: "/settings/webhook?status=canceled" },
  { name: "settings-rotate-dialog", user: "busy", path: "/settings/webhook", open: click("button", "Rotate secret") },
];

async function write(page: Page): Promise<void> {
  await page.getByLabel("Your answer").first().fill("You are out. Goodbye from the “Corner Café” ☕");
  await page.getByRole("region", { name: "Unsaved changes" }).waitFor();
}

async function leave(page: Page): Promise<void> {
  await write(page);
  await click("link", "Contacts")(page);
  await page.getByRole("dialog").waitFor();
}

async function choose(page: Page): Promise<void> {
  await page.getByRole("radio", { name: "Only the countries that I choose" }).click();
  await page.getByLabel("Chosen countries").first().click();
  await page.getByRole("option", { name: "Germany" }).click();
}

async function shorten(page: Page): Promise<void> {
  await page.getByRole("textbox", { name: "Days" }).fill("30");
  await page.getByRole("button", { name: "Save", exact: true }).click();
}
