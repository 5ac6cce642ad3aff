import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browser, stack } from "./support.ts";
import { faultsOf, shiftFaults, watchShifts } from "./views/faults-of.ts";
import { type Scene, setScene } from "./views/scene.ts";
import { type View, VIEWS } from "./views/views.ts";
import { enter, settled, show } from "./views/visit-view.ts";

/** How a view is looked at. */
interface Look {
  width: number;
  colorScheme: "light" | "dark";
}

/** With CONSOLE_LOOKS=all every view is looked at in both schemes and all widths, which takes some minutes. */
const ALL_LOOKS = Deno.env.get("CONSOLE_LOOKS") === "all";
const LOOKS: readonly Look[] = ALL_LOOKS
  ? ([1280, 820, 375, 320] as const).flatMap((
    width,
  ) => [{ width, colorScheme: "light" }, { width, colorScheme: "dark" }])
  : [{ width: 320, colorScheme: "light" }];

let made: Promise<Scene> | undefined;
/** One scene for all tests of this file. */
const scene = () => made ??= setScene(stack.state);

function layoutTest(title: string, body: () => Promise<void>): void {
  Deno.test(title, { sanitizeOps: false, sanitizeResources: false }, body);
}

/** A page of a user of the scene. */
async function pageOf(user: View["user"], { width, colorScheme }: Look) {
  const viewport = { width, height: width < 768 ? 720 : 820 };
  const context = await browser.newContext({ viewport, colorScheme, locale: "en-US", reducedMotion: "reduce" });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  await watchShifts(page);
  await enter(page, stack.state.consoleUrl, user === null ? null : (await scene())[user].email);
  return { page, [Symbol.asyncDispose]: () => context.close() };
}

layoutTest(
  "Every view fits the width, has one main, one h1 and no violation that axe finds, and does not shift",
  async () => {
    const faults: string[] = [];
    for (const look of LOOKS) {
      for (const user of new Set(VIEWS.map((view) => view.user))) {
        await using visit = await pageOf(user, look);
        for (const view of VIEWS.filter((one) => one.user === user)) {
          const found = await faultsIn(visit.page, view);
          faults.push(...found.map((fault) => `${view.name} ${look.width} ${look.colorScheme}: ${fault}`));
        }
      }
    }
    assert.deepEqual(faults, []);
  },
);

async function faultsIn(page: Page, view: View): Promise<string[]> {
  try {
    await show(page, stack.state.consoleUrl, view, await scene());
  } catch (error) {
    return [`cannot be shown: ${error instanceof Error ? error.message.split("\n")[0] : error}`];
  }
  return [...await shiftFaults(page), ...await faultsOf(page)];
}
