import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { DEMO_PASSWORD, demoTenants } from "../../../local/database/demo-users.ts";
import { addDemoData } from "../../../local/demo-data/add.ts";
import { signIn } from "../../../local/driver/actor.ts";
import { startStack } from "../../../local/stack.ts";
import type { StackState } from "../../../local/stack-state.ts";
import { startBrowser } from "../../support/console/browser.ts";
import type { Picture, PictureIds } from "./pictures.ts";
import { enter, settled } from "./visit-view.ts";

const DESK = { width: 1280, height: 800 };
/** A picture that is larger gets the next quality. */
const MOST_BYTES = 120 * 1024;
const QUALITIES = [90, 80, 70, 55, 40];

/**
 * Takes the pictures of the documents from a stack with demo data, as WebP.
 * @returns the number of pictures that could not be taken
 */
export async function takePictures(
  pictures: readonly Picture[],
  folder: string,
  log: (line: string) => void,
): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  const stack = await startStack({ ephemeral: true, scheduler: 250, log: () => {} });
  const browser = await startBrowser();
  let failures = 0;
  try {
    await addDemoData(stack, log);
    const ids = await idsOf(stack.state);
    for (const picture of pictures) {
      try {
        await take(browser, stack.state, picture, ids, join(folder, `${picture.name}.webp`));
      } catch (error) {
        failures += 1;
        log(`Cannot take "${picture.name}": ${error instanceof Error ? error.message.split("\n")[0] : error}`);
      }
    }
    return failures;
  } finally {
    await browser.close();
    await stack.stop();
  }
}

async function idsOf(state: StackState): Promise<PictureIds> {
  const [bakery, dentist] = await Promise.all(demoTenants(DEMO_PASSWORD).map((user) => signIn(state, user)));
  const { campaigns: [finished] } = await bakery!.switchboard.listCampaigns({ status: "completed" });
  return { campaign: finished!.id, dentist: dentist!.id };
}

async function take(
  browser: Browser,
  state: StackState,
  { of, path, colorScheme, viewport = DESK, open }: Picture,
  ids: PictureIds,
  file: string,
): Promise<void> {
  const context = await browser.newContext({
    ...{
      viewport,
      colorScheme: colorScheme ?? "light",
      locale: "en-US",
      timezoneId: "America/Los_Angeles",
      reducedMotion: "reduce",
    },
  });
  try {
    context.setDefaultTimeout(30_000);
    const page = await context.newPage();
    const route = typeof path === "string" ? path : path(ids);
    if (of === "twilio" || of === "stripe") {
      await page.goto(state[of].pageUrl! + route);
      await page.getByRole("heading").first().waitFor();
      await page.waitForTimeout(500); // the page asks for its data, and has no sign of waiting
    } else {
      const [bakery] = demoTenants(DEMO_PASSWORD);
      const user = of === "bakery" ? bakery! : state.users.find(({ role }) => role === "operator")!;
      await enter(page, state.consoleUrl, user.email, user.password);
      await page.goto(`${state.consoleUrl}?${crypto.randomUUID()}#${route}`);
      await settled(page);
    }
    await open?.(page);
    if (of !== "twilio" && of !== "stripe") await settled(page);
    await Deno.writeFile(file, await webpOf(page));
  } finally {
    await context.close();
  }
}

/** The window as a WebP, in the best quality that is small enough. */
async function webpOf(page: Page): Promise<Uint8Array> {
  const session = await page.context().newCDPSession(page);
  let picture = new Uint8Array();
  for (const quality of QUALITIES) {
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality });
    picture = Uint8Array.fromBase64(data);
    if (picture.length <= MOST_BYTES) break;
  }
  return picture;
}
