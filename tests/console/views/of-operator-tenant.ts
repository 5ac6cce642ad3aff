import type { Page } from "playwright-core";
import type { Scene } from "./scene.ts";
import { click, type View } from "./view.ts";

const user = "operator";
const busy = (tab: string) => ({ busy: { id } }: Scene) => `/operator/tenants/${id}?tab=${tab}`;
const inState = (state: Parameters<Scene["inState"]>[0], tab: string) => async (scene: Scene) =>
  `/operator/tenants/${(await scene.inState(state)).id}?tab=${tab}`;

/** The views of the operators' drawer of a tenant. */
export const OPERATOR_TENANT_VIEWS: readonly View[] = [
  { name: "tenant-overview", user, path: busy("overview"), inGate: true },
  { name: "tenant-numbers", user, path: busy("numbers") },
  {
    name: "tenant-usage",
    user,
    path: busy("usage"),
    open: (page) => page.locator(".recharts-surface").first().waitFor(),
  },
  { name: "tenant-subscriptions", user, path: busy("subscriptions") },
  { name: "tenant-timeline", user, path: busy("timeline") },
  { name: "tenant-past-due", user, path: inState("pastDue", "subscriptions") },
  { name: "tenant-canceled", user, path: inState("canceled", "numbers") },
  { name: "tenant-limits", user, path: inState("inTrouble", "limits") },
  { name: "tenant-work", user, path: inState("inTrouble", "work") },
  {
    name: "tenant-limits-dialog",
    user,
    path: inState("inTrouble", "limits"),
    open: async (page) => {
      await click("button", "Set own limits")(page);
      await page.getByLabel("Numbers at a time").fill("1.5");
      await page.getByRole("button", { name: "Set limits" }).click();
      await page.getByText("Enter a whole number").waitFor();
    },
  },
  { name: "tenant-close-dialog", user, path: busy("overview"), open: click("button", "Close for good…") },
  { name: "tenant-receipt", user, path: busy("overview"), open: compare },
  { name: "tenant-unknown", user, path: `/operator/tenants/${"0".repeat(8)}-0000-4000-8000-${"0".repeat(12)}` },
];

async function compare(page: Page): Promise<void> {
  await click("button", "Compare with Twilio")(page);
  await page.getByRole("combobox", { name: "Reason" }).fill("They say that a number is missing");
  await page.getByRole("button", { name: "Compare now" }).click();
  await page.getByRole("region", { name: "Effect" }).getByText(/^Compared/).waitFor();
  await page.getByRole("region", { name: "Audit log" }).getByRole("listitem").waitFor();
}
