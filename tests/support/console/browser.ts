import { type Browser, chromium, type Page } from "playwright-core";
import { findChromium, HOW_TO_INSTALL } from "../chromium.ts";

/** Flags that let Chromium run as root and in containers, and flags that stop its background network traffic. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long a page may take to show an awaited element. */
const TIMEOUT_MS = 30_000;

/** How many times slower than this machine a page computes: what a test does too early on a slow machine shows here. */
const SLOWNESS = Number(Deno.env.get("CONSOLE_SLOWNESS") ?? "1");

/** @throws Error with install instructions when Chromium is missing */
export async function startBrowser(): Promise<Browser> {
  const executablePath = await findChromium();
  if (executablePath === null) throw new Error(`Cannot test the console: Chromium is missing. ${HOW_TO_INSTALL}`);
  return await chromium.launch({ executablePath, args: FLAGS });
}

/** A page in a fresh browser context, and the errors that occurred in it. */
export interface Visit extends AsyncDisposable {
  page: Page;
  /** Messages of uncaught errors in the page. */
  errors: string[];
}

/** @param stored what the page's storage already has, by its key */
export async function visit(browser: Browser, url: string, stored: Record<string, string> = {}): Promise<Visit> {
  const localStorage = Object.entries(stored).map(([name, value]) => ({ name, value }));
  const origins = localStorage.length === 0 ? [] : [{ origin: new URL(url).origin, localStorage }];
  const context = await browser.newContext({
    viewport: { width: 1280, height: 820 },
    locale: "en-US",
    storageState: { cookies: [], origins },
  });
  context.setDefaultTimeout(TIMEOUT_MS);
  if (SLOWNESS > 1) context.on("page", slowDown);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  return { page, errors, [Symbol.asyncDispose]: () => context.close() };
}

function slowDown(page: Page): void {
  const slowed = async () => {
    const chromium = await page.context().newCDPSession(page);
    await chromium.send("Emulation.setCPUThrottlingRate", { rate: SLOWNESS });
  };
  // A page may be closed before.
  slowed().catch(() => {});
}
