import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browser, stack } from "./support.ts";
import { faultsOf, shiftFaults, watchShifts } from "./views/faults-of.ts";
import { keyboardFaults } from "./views/keyboard-faults.ts";
import { OPENED } from "./views/opened.ts";
import { type Scene, setScene, userOf } from "./views/scene.ts";
import { fitting, type View } from "./views/view.ts";
import { VIEWS } from "./views/views.ts";
import { enter, settled, show } from "./views/visit-view.ts";

/** How a view is looked at. */
interface Look {
  width: number;
  height?: number;
  colorScheme: "light" | "dark";
}

/** With CONSOLE_LOOKS=all every view and everything that opens on it is looked at, which takes many minutes. */
const ALL_LOOKS = Deno.env.get("CONSOLE_LOOKS") === "all";
/** Only views whose name contains this are looked at. */
const NAMED = Deno.env.get("CONSOLE_VIEWS") ?? "";
const SMALLEST: Look = { width: 320, colorScheme: "light" };
/** 1280 by 820 pixels at 200 %. */
const ZOOMED: Look = { width: 640, height: 410, colorScheme: "light" };
/** What is looked at in which ways. */
const SIGHTS: readonly { views: readonly View[]; looks: readonly Look[] }[] = ALL_LOOKS
  ? [
    { views: VIEWS, looks: [...inBothSchemes(1280, 820, 375, 320), ZOOMED] },
    { views: OPENED, looks: [...inBothSchemes(1280, 375), SMALLEST, ZOOMED] },
  ]
  : [{ views: VIEWS.filter(({ inGate = false }) => inGate), looks: [SMALLEST] }];

function inBothSchemes(...widths: number[]): Look[] {
  return widths.flatMap((width) => [{ width, colorScheme: "light" }, { width, colorScheme: "dark" }] as const);
}

let made: Promise<Scene> | undefined;
/** One scene for all tests of this file. */
const scene = () => made ??= setScene(stack.state, { lines: ALL_LOOKS ? 12 : 4 });

function layoutTest(title: string, body: () => Promise<void>): void {
  Deno.test(title, { sanitizeOps: false, sanitizeResources: false }, body);
}

/** A page of a user of the scene. */
async function pageOf(user: View["user"], { width, height = width < 768 ? 720 : 820, colorScheme }: Look) {
  const viewport = { width, height };
  const context = await browser.newContext({ viewport, colorScheme, locale: "en-US", reducedMotion: "reduce" });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  await watchShifts(page);
  await enter(page, stack.state.consoleUrl, user && (await userOf(await scene(), user)).email);
  return { page, [Symbol.asyncDispose]: () => context.close() };
}

layoutTest(
  "Every view fits the width, has one main, one h1 and no violation that axe finds, does not shift, and is walked by the Tab key",
  async () => {
    const faults: string[] = [];
    for (const { views, looks } of SIGHTS) {
      for (const look of looks) {
        const shown = fitting(views, look.width).filter(({ name }) => name.includes(NAMED));
        const users = [...new Set(shown.map((view) => view.user))];
        await Promise.all(users.map(async (user) => {
          await using visit = await pageOf(user, look);
          for (const view of shown.filter((one) => one.user === user)) {
            const found = await faultsIn(visit.page, view);
            faults.push(...found.map((fault) => `${view.name} ${look.width} ${look.colorScheme}: ${fault}`));
          }
        }));
      }
    }
    assert.deepEqual(faults, []);
  },
);

async function faultsIn(page: Page, view: View): Promise<string[]> {
  try {
    const { open, ...closed } = view;
    await show(page, stack.state.consoleUrl, closed, await scene());
    const shifts = await shiftFaults(page);
    await open?.(page);
    await settled(page);
    return [...shifts, ...await faultsOf(page), ...await keyboardFaults(page)];
  } catch (error) {
    return [`cannot be shown: ${error instanceof Error ? error.message.split("\n")[0] : error}`];
  }
}

Deno.test({
  name: "On a slow network, no screen shifts while its parts and the banner of the account arrive",
  ignore: !ALL_LOOKS,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const faults: string[] = [];
    const screens = VIEWS.filter(({ user, open }) => user !== null && open === undefined);
    await Promise.all([1280, 375].map(async (width) => {
      for (const view of screens) {
        await using visit = await pageOf(view.user, { width, colorScheme: "light" });
        const found = await slowFaultsIn(visit.page, view);
        faults.push(...found.map((fault) => `${view.name} ${width}: ${fault}`));
      }
    }));
    assert.deepEqual(faults, []);
  },
});

/** Each read takes another time, and some of them are read after others. */
async function slowFaultsIn(page: Page, view: View): Promise<string[]> {
  page.setDefaultTimeout(30_000);
  let reads = 0;
  await page.route(/\/(functions|rest)\/v1\//, async (route) => {
    const number = reads++;
    await new Promise((resolve) => setTimeout(resolve, 2_000 + (number * 1_700) % 4_000));
    await route.continue().catch(() => {});
  });
  await show(page, stack.state.consoleUrl, view, await scene());
  await page.waitForFunction(() => performance.now() > 13_000);
  return await shiftFaults(page);
}

layoutTest(
  "In a window zoomed to 200 %, the Tab key reaches only what is shown, and the first stop leads to the content",
  async () => {
    await using visit = await pageOf("busy", ZOOMED);
    const { page } = visit;
    // After the sign-in, the focus is on the heading of the screen.
    await page.waitForFunction(() => document.activeElement?.tagName === "H1");
    await page.reload();
    await page.getByRole("navigation", { name: "Screens" }).waitFor();
    assert.equal(
      await page.getByRole("navigation", { name: "Screens", includeHidden: true }).filter({ visible: true }).count(),
      1,
    );
    const stops = new Set<string>();
    for (let press = 0; press < 40; press += 1) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const element = document.activeElement!;
        const { left, right, width, height } = element.getBoundingClientRect();
        const isShown = element.checkVisibility({ visibilityProperty: true }) && width > 0 && height > 0 && left >= 0 &&
          right <= innerWidth;
        return { name: `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent}`, isShown };
      });
      assert.ok(stop.isShown, `the focus is in ${stop.name}, which is not shown`);
      stops.add(stop.name);
    }
    assert.ok([...stops][0] === "A Skip to content" && stops.size > 10, `${[...stops]}`);

    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.reload();
    await settled(page);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), "MAIN");
  },
);

layoutTest("Links of any spelling lead to their place, and Back returns to where the user was", async () => {
  await using visit = await pageOf("busy", { width: 375, colorScheme: "light" });
  const { page } = visit;
  const { busy } = await scene();
  const go = async (hash: string) => await page.goto(`${stack.state.consoleUrl}#${hash}`);
  const hashNow = () => new URL(page.url()).hash;

  await go(`/inbox/${encodeURIComponent(busy.conversation)}`);
  assert.match(hashNow(), /%2B/);
  const pane = page.getByRole("region", { name: /^Conversation with \+1 415/ });
  await pane.getByText("Line 0: we are on it").waitFor({ state: "attached" });
  await go(`/messages/${busy.conversation}?from=an-old-mail`);
  await page.waitForURL(`**/#/inbox/${busy.conversation}?from=an-old-mail`);
  for (const malformed of ["/inbox/%ZZ", "/inbox/%E0%A4%A?at=%", "/%"]) {
    await go(malformed);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
  }

  await go("/campaigns/of/2019");
  await page.getByRole("heading", { name: "Page not found" }).waitFor();
  await page.getByRole("link", { name: "Go to the overview" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === "H1");
  assert.match(await page.title(), /^(\(\d+\) )?Overview · Switchboard$/);
  await page.goBack();
  await page.getByRole("heading", { name: "Page not found" }).waitFor();
  await page.goForward();
  await page.getByRole("heading", { name: "Recent messages" }).waitFor();

  await page.getByRole("link", { name: "All numbers" }).waitFor();
  await page.mouse.move(180, 400);
  await page.mouse.wheel(0, 400);
  const left = 400;
  await page.waitForFunction((top) => scrollY === top, left);
  const entries = await page.evaluate(() => history.length);
  const contacts = page.getByRole("navigation", { name: "Screens" }).getByRole("link", { name: "Contacts" });
  await contacts.click();
  await page.getByRole("heading", { name: "Contacts", level: 1 }).waitFor();
  assert.equal(await page.evaluate(() => scrollY), 0);
  await page.waitForFunction(() => document.activeElement?.textContent === "Contacts");
  // The screen that is shown already is not added to the history.
  await contacts.click();
  assert.equal(await page.evaluate(() => history.length), entries + 1);
  await page.goBack();
  await page.waitForFunction((top) => Math.abs(scrollY - top) < 2, left);
});
