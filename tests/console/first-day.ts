import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import { CAT, fileOf } from "../support/media.ts";
import { strangerTest, text } from "./support.ts";

/** How long a stranger may take from the sign-up to the reply to the first message. */
const FIRST_DAY_SECONDS = 120;

strangerTest(
  "A stranger signs up, creates a subaccount, buys a number, sends a message and sees its delivery and a reply within two minutes",
  async (tenant) => {
    await tenant.signUp();
    await tenant.createSubaccount();
    const number = await tenant.buyNumber("415");
    await tenant.section("Your numbers").getByText("Primary", { exact: true }).waitFor();

    await tenant.send("+1 (415) 555-0142", "Your table is ready");
    await tenant.sent.getByText("Your table is ready").waitFor();
    await tenant.sent.getByText("Delivered").waitFor();
    assert.equal(await tenant.page.getByText("Sent from the shared number").count(), 0);

    // The first request for the picture fails, as with a link that has expired.
    let failures = 1;
    await tenant.page.route("**/functions/v1/message-media?*", async (route) => {
      if (failures-- > 0) await route.fulfill({ status: 403 });
      else await route.continue();
    });
    await text("+14155550142", number, "On our way: example.com/map", [CAT, fileOf("application/pdf", "%PDF")]);
    const link = tenant.received.getByRole("link", { name: "example.com/map" });
    assert.equal(await link.getAttribute("href"), "https://example.com/map");
    await link.waitFor();
    const seconds = Math.ceil((Date.now() - tenant.arrivedAt) / 1000);
    assert.ok(seconds <= FIRST_DAY_SECONDS, `The first day took ${seconds} s`);
    await tenant.received.getByRole("button", { name: /^Picture 1 of 2 from \+1 415 555 0142/ }).click();
    const dialog = tenant.page.getByRole("dialog", { name: "Picture 1 of 2 from +1 415 555 0142" });
    await eventually(
      "the picture to be loaded",
      () =>
        dialog.getByRole("img", { name: /^Picture/ }).evaluate((node) => {
          const { complete, naturalWidth } = node as unknown as { complete: boolean; naturalWidth: number };
          return complete && naturalWidth === 1;
        }),
    );
    await tenant.page.keyboard.press("Escape");
    const file = await tenant.received.getByRole("link", { name: /^PDF document 2 of 2/ }).getAttribute("href");
    assert.equal(await (await fetch(file!)).text(), "%PDF");
  },
);
