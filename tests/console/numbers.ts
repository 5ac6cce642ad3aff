import assert from "node:assert/strict";
import { twilioSide } from "../../local/driver/twilio-side.ts";
import { failNextCall, stack, test } from "./support.ts";

test("What forbids a purchase is said before the click with its way out, and a larger plan lifts it at once", async (tenant) => {
  const { page } = tenant;
  await tenant.go("Numbers");
  await page.getByText("You need a subaccount first").waitFor();
  assert.equal(await page.getByRole("button", { name: "Search" }).isDisabled(), true);
  await page.getByRole("link", { name: "Get your subaccount" }).click();

  await tenant.chooseAtCheckout("Starter");
  await page.getByRole("button", { name: "Subscribe" }).click();
  await tenant.section("Subaccount").getByText("Active", { exact: true }).waitFor();
  await tenant.buyNumber("415");
  const finder = tenant.section("Find a number");
  const limit = finder.getByRole("note").filter({ hasText: "1 of 1 number in your plan" });
  await limit.getByText("choose a plan with more numbers").waitFor();
  assert.equal(await finder.getByRole("button", { name: /^Buy \+/, disabled: false }).count(), 0);
  const described = await finder.getByRole("button", { name: /^Buy \+/ }).first().getAttribute("aria-describedby");
  assert.equal(described, await limit.getAttribute("id"));

  await limit.getByRole("button", { name: "Change plan" }).click();
  await page.getByRole("radio", { name: "Team" }).click();
  await page.getByRole("button", { name: "Change to Team" }).click();
  await page.getByText("Your plan is Team").waitFor();
  // Not only with the next poll.
  await tenant.section("Your numbers").getByText("1 of 5 numbers in your plan").waitFor({ timeout: 6_000 });
  await finder.getByRole("button", { name: /^Buy \+/, disabled: false }).first().waitFor();
  assert.equal(await limit.count(), 0);
});

test("A number is bought once at the price that was shown, despite a lost answer, a double click and missing papers", async (tenant) => {
  const { page } = tenant;
  await tenant.createSubaccount();
  const account = await tenant.section("Subaccount").getByText(/^AC[0-9a-f]{32}$/).textContent();
  await tenant.go("Numbers");
  const [finder, own] = [tenant.section("Find a number"), tenant.section("Your numbers")];
  const offers = finder.locator("[aria-busy=false]").getByRole("button", { name: /^Buy \+/ });
  const dialog = page.getByRole("dialog");

  // A search: faults beside their fields, nothing found, and old rows that cannot be bought while another one runs.
  await page.getByLabel("Area code").fill("41");
  await page.getByRole("button", { name: "Search" }).click();
  await finder.getByText("Enter three digits").waitFor();
  await page.getByLabel("Area code").fill("415");
  await page.getByLabel("Contains").fill("99999999999");
  await page.getByRole("button", { name: "Search" }).click();
  await finder.getByText("No matching numbers").waitFor();
  await page.getByLabel("Contains").fill("");
  await page.getByRole("button", { name: "Search" }).click();
  await finder.getByText("20 local numbers in United States with the area code 415").waitFor();
  const answered = Promise.withResolvers<void>();
  await page.route("**/functions/v1/search-numbers*", async (route) => {
    await answered.promise;
    await route.continue();
  });
  await page.getByRole("button", { name: "Show more" }).click();
  await finder.locator("[aria-busy=true]").getByRole("list", { name: "Available numbers" }).waitFor();
  assert.equal(await finder.getByRole("button", { name: /^Buy \+/, disabled: false }).count(), 0);
  answered.resolve();
  await finder.getByText("50 local numbers").waitFor();

  // The price before the purchase, and one number for one whose answer is lost.
  const first = (await offers.first().getAttribute("aria-label"))!.replace("Buy ", "");
  assert.match(await finder.getByRole("listitem").first().textContent() ?? "", /\$1\.15 a month/);
  await offers.first().click();
  await dialog.getByText("$1.15 a month, billed from today until you release it").waitFor();
  await dialog.getByText("You use 0 of 3 numbers in your plan").waitFor();
  await dialog.getByLabel("Name", { exact: true }).fill("Front desk");
  await failNextCall(tenant, "buy-number", "response");
  await dialog.getByRole("button", { name: "Buy number" }).click();
  await page.getByText(`${first} is yours`).waitFor();
  await own.getByText("Front desk").waitFor();

  // Numbers with papers, and a double click.
  await page.getByRole("combobox", { name: "Country" }).click();
  await page.getByRole("option", { name: "Germany" }).click();
  await finder.getByText("Mobile", { exact: true }).click();
  await page.getByRole("button", { name: "Search" }).click();
  await finder.getByRole("note").getByText("Needs an approved regulatory bundle").waitFor();
  const second = (await offers.first().getAttribute("aria-label"))!.replace("Buy ", "");
  await offers.first().click();
  await dialog.getByRole("button", { name: "Buy number" }).click();
  await dialog.getByText("Enter BU followed by 32 digits").waitFor();
  await dialog.getByLabel("Regulatory bundle ID").fill(`BU${"a".repeat(32)}`);
  await dialog.getByRole("button", { name: "Buy number" }).click();
  await dialog.getByText("Twilio does not accept this for the number").waitFor();
  await dialog.getByLabel("Regulatory bundle ID").fill(await twilioSide(stack.state).bundle(account!, "DE"));
  let purchases = 0;
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/buy-number")) purchases += 1;
  });
  await dialog.locator("form").evaluate((form) => {
    // As a double click that is faster than the button is disabled.
    const { requestSubmit } = form as unknown as { requestSubmit(): void };
    requestSubmit.call(form);
    requestSubmit.call(form);
  });
  await page.getByText(`${second} is yours`).waitFor();
  await own.getByText("2 of 3 numbers in your plan").waitFor();
  assert.equal(purchases, 1);
  await finder.getByRole("note").getByText("Your plan allows you to buy 2 numbers in 24 hours").waitFor();
  await own.getByRole("button", { name: /^Change / }).nth(1).waitFor();
  assert.equal(await own.getByRole("button", { name: /^Change / }).count(), 2);
});

test("A number is renamed, made primary, synced and released, each with its result, and errors stay beside the action", async (tenant) => {
  const { page } = tenant;
  await tenant.createSubaccount();
  const numbers = [await tenant.buyNumber("415"), await tenant.buyNumber("415")] as const;
  const own = tenant.section("Your numbers");
  const dialog = page.getByRole("dialog");

  await tenant.change(numbers[1], "Rename");
  await dialog.getByText("Only you see this").waitFor();
  await dialog.getByLabel("Name").fill("Support line");
  await failNextCall(tenant, "rename-number", "request");
  await dialog.getByRole("button", { name: "Save name" }).click();
  await dialog.getByRole("alert").getByText("Cannot reach the server").waitFor();
  await dialog.getByRole("button", { name: "Save name" }).click();
  await page.getByText("Name saved").waitFor();
  await own.getByText("Support line").waitFor();

  await failNextCall(tenant, "set-primary-number", "request");
  await tenant.change(numbers[1], "Make primary");
  await own.getByRole("alert").getByText("Cannot reach the server").waitFor();
  await tenant.change(numbers[1], "Make primary");
  await page.getByText(`${numbers[1]} is your primary number`).waitFor();
  // The keyboard goes on from the menu's button, which was disabled meanwhile.
  await page.locator(":focus").and(page.getByRole("button", { name: `Change ${numbers[1]}` })).waitFor();

  await own.getByText("Your numbers are synced with Twilio every day").waitFor();
  await own.getByRole("button", { name: "Sync now" }).click();
  await own.getByText("2 numbers unchanged").waitFor();
  await own.getByText("Last synced with Twilio today at").waitFor();

  await tenant.change(numbers[1], "Release");
  const release = dialog.getByRole("button", { name: "Release number" });
  await dialog.getByText("Its conversations stay in your inbox").waitFor();
  assert.equal(await release.isDisabled(), true);
  await dialog.getByLabel(`Type ${numbers[1]} to confirm`).fill(numbers[1].slice(0, -1));
  assert.equal(await release.isDisabled(), true);
  await dialog.getByLabel(`Type ${numbers[1]} to confirm`).fill(numbers[1]);
  await release.click();
  await page.getByText(`${numbers[1]} is released`).waitFor();
  await page.getByText(`You're no longer billed for it. ${numbers[0]} is your primary number now`).waitFor();
  await own.getByText("Support line").waitFor({ state: "detached" });

  // What happens to a number by itself is said on its row.
  await page.route("**/functions/v1/list-numbers/overview", async (route) => {
    const response = await route.fetch();
    const overview = await response.json();
    const change = {
      numberId: null,
      phoneNumber: "+14155550100",
      change: "parked_until",
      at: "2027-12-26T12:00:00.000Z",
    };
    await route.fulfill({ response, json: { ...overview, scheduled: [change] } });
  });
  await page.reload();
  await own.getByText("Kept for you until December 26, 2027. Subscribe again to get it back").waitFor();
  await own.getByRole("note").getByRole("button", { name: "Subscribe" }).waitFor();
});
