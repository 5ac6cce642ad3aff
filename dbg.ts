import { startStack } from "./local/stack.ts";
import { ensureConsoleBuilt } from "./console/build.ts";
import { startBrowser, visit } from "./tests/support/console/browser.ts";
import { signUp } from "./local/driver/actor.ts";
import { stripeSide } from "./local/driver/stripe-side.ts";
await ensureConsoleBuilt(console.log, []);
const stack = await startStack({ ephemeral: true, scheduler: 250 });
const browser = await startBrowser();
try {
  const ben = await signUp(stack.state, "ben");
  await stripeSide(stack.state).subscribe({ clientReferenceId: ben.id, plan: "team", email: ben.email });
  await using v = await visit(browser, stack.state.consoleUrl);
  const { page } = v;
  page.on("console", (m) => console.log("console", m.text()));
  await page.getByRole("button", { name: "operator@switchboard.test" }).click();
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Tenants", level: 1 }).waitFor();
  await page.evaluate((id) => void (location.hash = `/operator/tenants/${id}`), ben.id);
  await page.getByRole("note", { name: "Situation" }).waitFor();
  await page.getByRole("tabpanel").getByRole("button", { name: "Compare with Twilio" }).click();
  const dialog = page.getByRole("dialog").last();
  await dialog.getByRole("combobox", { name: "Reason" }).fill("test");
  await dialog.getByRole("button", { name: "Compare now" }).click();
  await dialog.getByRole("region", { name: "Effect" }).getByText(/Compared/).waitFor();
  const look = () =>
    page.evaluate(() =>
      [...document.querySelectorAll("[role=dialog]")].map((d) =>
        d.getAttribute("aria-modal") + " " + d.className.slice(0, 60) + " " + d.contains(document.activeElement)
      ).join("\n") + "\nactive " + document.activeElement?.outerHTML.slice(0, 150)
    );
  console.log(await look());
  await page.screenshot({ path: "/tmp/s15/dbg1.png" });
  await page.keyboard.press("Escape");
  await page.waitForTimeout(600);
  console.log(page.url(), await look());
  await page.screenshot({ path: "/tmp/s15/dbg2.png" });
} finally {
  await browser.close();
  await stack.stop();
}
