import assert from "node:assert/strict";
import { test } from "./support.ts";

test("A number can be renamed, and is released only after its digits are typed to confirm", async (tenant) => {
  await tenant.createSubaccount();
  const number = await tenant.buyNumber("415");
  await tenant.change(number, "Rename");
  await tenant.page.getByLabel("Name", { exact: true }).fill("Support line");
  await tenant.page.getByRole("button", { name: "Save name" }).click();
  await tenant.section("Your numbers").getByText("Support line").waitFor();

  await tenant.change(number, "Release");
  const release = tenant.page.getByRole("button", { name: "Release number" });
  assert.equal(await release.isDisabled(), true);
  await tenant.page.getByLabel(`Type ${number} to confirm`).fill(number.slice(0, -1));
  assert.equal(await release.isDisabled(), true);
  await tenant.page.getByLabel(`Type ${number} to confirm`).fill(number);
  await release.click();
  await tenant.page.getByText(`${number} is released`).waitFor();
  await tenant.section("Your numbers").getByText("Support line").waitFor({ state: "detached" });
});
