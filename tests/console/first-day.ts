import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import { CAT, fileOf } from "../support/media.ts";
import { test, text } from "./support.ts";

test("A new tenant creates a subaccount, buys a number, sends a message and sees its delivery and a reply", async (tenant) => {
  await tenant.createSubaccount();
  const number = await tenant.buyNumber("415");
  await tenant.section("Your numbers").getByText("Primary", { exact: true }).waitFor();

  await tenant.send("+1 (415) 555-0142", "Your table is ready");
  await tenant.sent.getByText("Your table is ready").waitFor();
  await tenant.sent.getByText("Delivered").waitFor();
  assert.equal(await tenant.page.getByText("Sent from the shared number").count(), 0);

  await text("+14155550142", number, "On our way", [CAT, fileOf("application/pdf", "%PDF")]);
  await tenant.received.getByText("On our way").waitFor();
  const image = tenant.received.getByRole("img", { name: /^Picture 1 of 2/ });
  await image.waitFor();
  await eventually("the image to be loaded", () =>
    image.evaluate((node) => {
      const { complete, naturalWidth } = node as unknown as { complete: boolean; naturalWidth: number };
      return complete && naturalWidth === 1;
    }));
  const file = await tenant.received.getByRole("link", { name: /^PDF document 2 of 2/ }).getAttribute("href");
  assert.equal(await (await fetch(file!)).text(), "%PDF");
});
