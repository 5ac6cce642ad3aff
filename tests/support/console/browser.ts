import { type Browser, chromium, type Page } from "playwright-core";
import { findChromium, HOW_TO_INSTALL } from "../chromium.ts";

/** What Chromium needs to run as root and in containers, and what keeps it from calling home. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long a page may take to show what is waited for. */
const PATIENCE_MS = 15_000;

/** @throws Error saying how to get a Chromium where there is none */
export async function startBrowser(): Promise<Browser> {
  const executablePath = await findChromium();
  if (executablePath === null) throw new Error(`Cannot test the console: Chromium is missing. ${HOW_TO_INSTALL}`);
  return await chromium.launch({ executablePath, args: FLAGS });
}

/** A page of a visitor whom the browser does not know, and everything that went wrong in it. */
export interface Visit extends AsyncDisposable {
  page: Page;
  /** What the page threw and nobody caught. */
  errors: string[];
}

export async function visit(browser: Browser, url: string): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 820 }, locale: "en-US" });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  return { page, errors, [Symbol.asyncDispose]: () => context.close() };
}
