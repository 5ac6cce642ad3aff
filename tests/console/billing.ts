import assert from "node:assert/strict";
import type { Subaccount } from "../../client/switchboard.ts";
import type { Tenant } from "../support/console/tenant.ts";
import { failNextCall, test } from "./support.ts";

test("A plan chosen in the console is bought at the checkout, creates the subaccount, and is changed, canceled and kept", async (tenant) => {
  await tenant.chooseAtCheckout("Team");
  await tenant.page.getByRole("link", { name: "Back without paying" }).click();
  await tenant.page.getByText("You have not been charged").waitFor();

  await tenant.chooseAtCheckout("Team");
  const releaseAccount = await holdAccount(tenant);
  await tenant.page.getByRole("button", { name: "Subscribe" }).click();
  await tenant.page.getByText("Thank you for subscribing").waitFor();
  assert.equal(new URL(tenant.page.url()).search, "");
  await tenant.section("Plan").getByText("Your payment is being confirmed").waitFor();
  await tenant.section("Subaccount").getByText("Your subaccount is being set up").waitFor();
  assert.equal(await tenant.page.getByRole("button", { name: /Subscribe|Create my|Get your phone system/ }).count(), 0);
  await releaseAccount();
  await tenant.section("Plan").getByText("Team").waitFor();
  await tenant.section("Plan").getByText(/^Renews on /).waitFor();
  await tenant.section("Subaccount").getByText("Active", { exact: true }).waitFor();

  const plan = tenant.section("Plan");
  const dialog = tenant.page.getByRole("dialog");
  await plan.getByRole("button", { name: "Change plan" }).click();
  assert.equal(await dialog.getByRole("radio", { name: "Team" }).isDisabled(), true);
  await dialog.getByRole("radio", { name: "Scale" }).click();
  // A request that was refused for its rate has changed nothing: that is said without a look for the change.
  const tooMany = { code: "rate_limited", message: "Cannot accept more requests", requestId: "r" };
  await tenant.page.route(
    "**/functions/v1/change-plan",
    (route) => route.fulfill({ status: 429, headers: { "retry-after": "42" }, json: tooMany }),
    { times: 1 },
  );
  await dialog.getByRole("button", { name: "Change to Scale" }).click();
  await dialog.getByRole("alert").getByText("Try again in 42 seconds").waitFor({ timeout: 8_000 });
  await failNextCall(tenant, "change-plan", "request");
  await dialog.getByRole("button", { name: "Change to Scale" }).click();
  await dialog.getByRole("alert").getByText("Cannot reach the server").waitFor();
  await dialog.getByRole("button", { name: "Change to Scale" }).click();
  await tenant.page.getByText("Your plan is Scale").waitFor();
  await dialog.waitFor({ state: "detached" });
  await plan.getByText("Scale", { exact: true }).waitFor();

  await plan.getByRole("button", { name: "Cancel subscription" }).click();
  await dialog.getByText(/^Your subscription ends on /).waitFor();
  await dialog.getByRole("button", { name: "Go back" }).click();
  await dialog.waitFor({ state: "detached" });
  await plan.getByText(/^Renews on /).waitFor();
  await plan.getByRole("button", { name: "Cancel subscription" }).click();
  await failNextCall(tenant, "cancel-subscription", "response");
  await dialog.getByRole("button", { name: "Cancel subscription" }).click();
  await tenant.page.getByText("You can still keep it until then").waitFor();
  await plan.getByText(/^Canceled: ends on /).waitFor();
  await plan.getByRole("button", { name: "Keep subscription" }).click();
  await plan.getByText(/^Renews on /).waitFor();

  await plan.getByRole("button", { name: "Manage subscription" }).click();
  // Both pages have a button of this name.
  await tenant.page.waitForURL(/\/portal\//);
  await tenant.page.getByRole("button", { name: "Cancel subscription", exact: true }).click();
  await tenant.page.getByRole("button", { name: "Don't cancel subscription" }).waitFor();
  assert.equal(await tenant.page.getByRole("button", { name: /^Switch to / }).count(), 0);
  await tenant.page.getByRole("link", { name: "Return to the app" }).click();
  await plan.getByText(/^Canceled: ends on /).waitFor();
});

const NEWCOMER: Subaccount = {
  provisioned: false,
  status: null,
  subaccountSid: null,
  friendlyName: null,
  createdAt: null,
  heldByOperator: false,
  suspendsAt: null,
  numbersReleasedAt: null,
};

/** Shows a newcomer's account until the returned function is called, as if Stripe's event were late. */
async function holdAccount({ page }: Tenant): Promise<() => Promise<void>> {
  const subaccount = "**/functions/v1/provision-subaccount";
  const subscriptions = "**/rest/v1/subscriptions?*";
  await page.route(subaccount, (route) => route.fulfill({ json: NEWCOMER }));
  await page.route(subscriptions, (route) => route.fulfill({ json: [] }));
  return async () => {
    await page.unroute(subaccount);
    await page.unroute(subscriptions);
  };
}
