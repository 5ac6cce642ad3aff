import { click, type View } from "./view.ts";

const user = "operator";

/** The views of the operators' list of tenants. */
export const OPERATOR_TENANTS_VIEWS: readonly View[] = [
  { name: "tenants", user, path: "/operator/tenants", inGate: true },
  { name: "tenants-drifted", user, path: "/operator/tenants?view=drifted" },
  { name: "tenants-none", user, path: "/operator/tenants?view=over-limit" },
  { name: "tenants-not-found", user, path: "/operator/tenants?search=nobody@nowhere.test&plan=team" },
  { name: "tenants-save-filter", user, path: "/operator/tenants?search=h", open: click("button", "Save this filter") },
  { name: "tenants-provision-dialog", user, path: "/operator/tenants", open: click("button", "Provision a user") },
  {
    name: "tenants-spotlight",
    user,
    path: "/operator/tenants",
    open: async (page) => {
      await page.keyboard.press("Control+k");
      const dialog = page.getByRole("dialog", { name: "Search and commands" });
      await dialog.getByRole("textbox").or(dialog.getByRole("searchbox")).first().fill("harbor");
      await dialog.getByText("harbor-bakery@example.test").waitFor();
    },
  },
  { name: "operator-account-menu", user, path: "/operator/tenants", open: click("button", /^Account of /) },
  { name: "operator-not-found", user, path: "/operator/nothing" },
];
