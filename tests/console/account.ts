import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import type { Mail } from "../../local/mail/mailbox.ts";
import { visit } from "../support/console/browser.ts";
import { PASSWORD, Tenant } from "../support/console/tenant.ts";
import { browser, stack, test } from "./support.ts";

/** The captured mails to an address, newest first. */
async function mailsTo(address: string): Promise<Mail[]> {
  return (await (await fetch(`${stack.state.apiUrl}/_sim/mail?to=${encodeURIComponent(address)}`)).json()).mails;
}

async function linkTo(address: string): Promise<string> {
  const [mail] = await mailsTo(address);
  return mail!.links[0]!;
}

test("A forgotten password is replaced through the link of a mail, which works once", async (tenant) => {
  const { page, email } = tenant;
  await tenant.signOut();
  for (const address of ["nobody@example.test", email]) {
    await page.getByRole("button", { name: "Forgot your password?" }).click();
    await page.getByLabel("Email").fill(address);
    await page.getByRole("button", { name: "Send the link" }).click();
    await page.getByText(`If ${address} has an account, a link`).waitFor();
    await page.getByRole("button", { name: "Back to sign in" }).click();
  }
  assert.deepEqual(await mailsTo("nobody@example.test"), []);

  const link = await linkTo(email);
  await page.goto(link);
  await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  assert.equal(page.url(), `${stack.state.consoleUrl}#/new-password`);
  const password = page.getByRole("textbox", { name: "New password" });
  const save = page.getByRole("button", { name: "Save and continue" });
  await password.fill("short");
  await save.click();
  await page.getByText("Use at least 8 characters").waitFor();
  await password.fill(PASSWORD);
  await save.click();
  await page.getByText("This is your password already").waitFor();
  await password.fill("another horse battery");
  await save.click();
  await page.getByText("Your password is changed").waitFor();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.goBack();
  assert.equal(page.url().includes("token"), false);

  await page.goto(link);
  await page.getByText("This link has expired or was used already").waitFor();
  await tenant.signOut();
  await tenant.signIn(email, PASSWORD);
  await page.getByText("The email or the password is wrong").waitFor();
  await tenant.signIn(email, "another horse battery");
  await page.getByRole("heading", { name: "Account", level: 1 }).or(page.getByRole("heading", { name: "Overview" }))
    .waitFor();
});

test("An email changes after both of its links are opened, and a password with what Auth demands for it", async (tenant) => {
  const { page, email } = tenant;
  const newEmail = `new-${email}`;
  await tenant.openAccount();
  await page.getByLabel("New email").fill(email.toUpperCase());
  await page.getByRole("button", { name: "Change email" }).click();
  await page.getByText("This is your email already").waitFor();
  await page.getByLabel("New email").fill(newEmail);
  await page.getByRole("button", { name: "Change email" }).click();
  await page.getByText(`Waiting for you to confirm ${newEmail}`).waitFor();

  const other = await page.context().newPage();
  await other.goto(await linkTo(newEmail));
  await other.getByText("One of two confirmations is done").waitFor();
  await other.goto(await linkTo(email));
  await other.getByText("Your email is changed").waitFor();
  await other.close();
  // The first tab learns it too.
  await page.getByRole("button", { name: `Account of ${newEmail}` }).waitFor();
  assert.equal(await page.getByText("Waiting for you to confirm").count(), 0);

  // A project may demand the current password, and a code where the sign-in was long ago. The local Auth demands neither.
  await page.route("**/auth/v1/user", async (route) => {
    const { current_password: current, nonce } = route.request().postDataJSON() ?? {};
    const code = current === undefined
      ? "current_password_required"
      : current !== PASSWORD
      ? "current_password_invalid"
      : nonce === undefined
      ? "reauthentication_needed"
      : null;
    if (route.request().method() !== "PUT" || code === null) return await route.continue();
    await route.fulfill({ status: 400, json: { error_code: code, msg: "raw text of Auth" } });
  });
  const change = page.getByRole("button", { name: "Change password" });
  await page.getByRole("textbox", { name: "New password" }).fill("another horse battery");
  await change.click();
  await page.getByText("Enter your current password too").waitFor();
  await page.getByRole("textbox", { name: "Current password" }).fill("wrong");
  await change.click();
  await page.getByText("This is not your current password").waitFor();
  await page.getByRole("textbox", { name: "Current password" }).fill(PASSWORD);
  await change.click();
  await page.getByText("Enter the code that we sent to your email").waitFor();
  const [mail] = await mailsTo(newEmail);
  await page.getByLabel("Code from your email").fill(/\b\d{6}\b/.exec(mail!.text)![0]);
  await change.click();
  await page.getByText("Your password is changed").waitFor();
  assert.equal(await page.getByText("raw text of Auth").count(), 0);
});

test("Colors follow the system until light or dark is chosen, and are right before the page's code has run", async ({ page }) => {
  const scheme = () => page.evaluate(() => document.documentElement.dataset["mantineColorScheme"]);
  await page.emulateMedia({ colorScheme: "dark" });
  await eventually("dark colors, as the system", async () => await scheme() === "dark");
  await page.getByRole("button", { name: "Colors: System" }).click();
  await page.getByRole("menuitemradio", { name: "Light" }).click();
  await eventually("light colors, as chosen", async () => await scheme() === "light");
  await page.route("**/assets/*.js", () => {});
  await page.reload({ waitUntil: "commit" });
  await eventually("light colors before the code has run", async () => await scheme() === "light");
  await page.unroute("**/assets/*.js");
  await page.reload();
  await page.getByRole("button", { name: "Colors: Light" }).click();
  await page.getByRole("menuitemradio", { name: "System" }).click();
  await eventually("dark colors, as the system", async () => await scheme() === "dark");
});

test("The first steps lead to where they are done, can be hidden, and are not shown to an operator", async (tenant) => {
  const { page } = tenant;
  const steps = tenant.section("First steps");
  await steps.getByRole("button", { name: "Get your phone system" }).click();
  await page.getByRole("dialog", { name: "Choose your plan" }).getByRole("button", { name: "Close" }).click();
  await tenant.createSubaccount();
  await steps.getByRole("listitem").filter({ hasText: "Get your phone system" }).getByText("Done").waitFor();
  await steps.getByRole("link", { name: "Buy a number" }).click();
  await page.getByRole("heading", { name: "Numbers", level: 1 }).waitFor();
  await page.goBack();
  await steps.getByRole("button", { name: "Hide the first steps" }).click();
  await steps.waitFor({ state: "detached" });
  await page.reload();
  await tenant.section("Subaccount").getByText("Active", { exact: true }).waitFor();
  assert.equal(await steps.count(), 0);

  await using visitor = await visit(browser, stack.state.consoleUrl);
  const operator = new Tenant(visitor.page);
  await visitor.page.getByRole("button", { name: "operator@switchboard.test" }).click();
  await visitor.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await visitor.page.getByRole("heading", { name: "Tenants", level: 1 }).waitFor();
  await operator.openOwnPhoneSystem();
  await operator.section("Recent messages").waitFor();
  // What a tenant would get and pay for is not an operator's either.
  for (const title of ["First steps", "Subaccount", "Plan"]) {
    assert.equal(await operator.section(title).count(), 0, title);
  }
  await operator.go("Numbers");
  await operator.section("Your numbers").or(operator.section("Shared numbers")).waitFor();
  assert.equal(await operator.section("Find a number").count(), 0);
});
