import type { Page } from "playwright-core";
import { PASSWORD, type Scene } from "./scene.ts";
import type { View } from "./view.ts";

/** Signs in as a user of the scene, in a context of its own or one whose user is signed out. */
export async function enter(
  page: Page,
  consoleUrl: string,
  email: string | null,
  password: string = PASSWORD,
): Promise<void> {
  await page.goto(consoleUrl);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  if (email === null) return;
  await page.getByRole("textbox", { name: /^E-?mail/ }).fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("main").waitFor();
  await page.getByRole("button", { name: "Sign in" }).waitFor({ state: "detached" });
}

/** Loads a view anew, and resolves when it has its content. */
export async function show(page: Page, consoleUrl: string, { name, path, open }: View, scene: Scene): Promise<void> {
  const route = typeof path === "string" ? path : await path(scene);
  // Another query is another document.
  await page.goto(`${consoleUrl}?${name}#${route}`);
  await settled(page);
  await open?.(page);
  await settled(page);
}

/** Resolves when a heading is shown, nothing is loading and the fonts and images are there. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForFunction(() =>
    document.querySelector(".mantine-Skeleton-root, .mantine-Loader-root, [aria-label^='Loading']") === null &&
    // An open conversation shows its newest message, and its pictures.
    (document.querySelector(".pane") === null || [...document.querySelectorAll(".pane .bubble-body")].some((bubble) => {
      const { top, bottom } = bubble.getBoundingClientRect();
      return bottom > 0 && top < innerHeight &&
        bubble.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    })) &&
    // The open dialog on top has the focus.
    [...document.querySelectorAll("[role=dialog][aria-modal=true]")].slice(-1).every((dialog) =>
      dialog.contains(document.activeElement)
    ) &&
    [...document.images].every(({ complete, loading }) => complete || loading === "lazy") &&
    document.getAnimations().every(({ playState }) => playState !== "running")
  );
}
