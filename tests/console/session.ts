import assert from "node:assert/strict";
import { test } from "./support.ts";

test("A session that the server rejects returns to the sign-in screen", async (tenant) => {
  await tenant.page.evaluate(() => {
    const key = Object.keys(localStorage).find((name) => name.endsWith("-auth-token"))!;
    const session = JSON.parse(localStorage.getItem(key)!);
    session.access_token = session.access_token.slice(0, -8) + "AAAAAAAA";
    localStorage.setItem(key, JSON.stringify(session));
  });
  await tenant.page.reload();
  await tenant.page.getByText("Your session has ended").waitFor();
  await tenant.page.getByRole("button", { name: "Sign in" }).waitFor();
});

test("The next user to sign in sees no data of the previous user", async (tenant) => {
  await tenant.send("+14155550145", "For my eyes only");
  await tenant.sent.getByText("For my eyes only").waitFor();
  await tenant.page.getByRole("button", { name: /^Account of / }).click();
  await tenant.page.getByRole("menuitem", { name: "Sign out" }).click();
  // The request never completes, so any message shown now would come from the browser's cache.
  await tenant.page.route("**/rest/v1/sms_messages*", () => {});
  await tenant.page.getByRole("button", { name: "neighbour@switchboard.test" }).click();
  await tenant.page.getByRole("button", { name: "Sign in" }).click();
  await tenant.page.getByRole("heading", { name: "Overview" }).waitFor();
  await tenant.go("Inbox");
  await tenant.page.getByLabel("Loading your messages").waitFor();
  assert.equal(await tenant.page.getByText("For my eyes only").count(), 0);
});
