import AxeBuilder from "@axe-core/playwright";
import type { Page } from "playwright-core";

/** The layout shift that Google's Core Web Vitals call good is 0.1; the console's goal is half of that. */
const MOST_SHIFT = 0.05;

/** What is wrong with a view as a browser shows it, in words. Nothing if all is well. */
export async function faultsOf(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().options({
    rules: { "target-size": { enabled: true } },
  }).analyze();
  const faults = await page.evaluate(structureFaults);
  for (const { id, nodes } of violations) {
    for (const { target, any, all } of nodes) {
      if (id === "scrollable-region-focusable" && await isInList(page, `${target}`)) continue;
      faults.push(`${id}: ${target} ${[...any, ...all].map(({ message }) => message)[0] ?? ""}`);
    }
  }
  return faults;
}

/** Whether an element is in the list of a field. The arrow keys scroll it while the focus stays in the field. */
async function isInList(page: Page, selector: string): Promise<boolean> {
  return await page.locator(selector).first().evaluate((element) => element.closest("[role=listbox]") !== null);
}

/** In the page: faults of the layout and of the landmarks. */
function structureFaults(): string[] {
  const faults: string[] = [];
  const isShown = (element: Element) => element.checkVisibility({ visibilityProperty: true });
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`overflow: the page is ${scrollWidth - clientWidth} px too wide`);
  for (const element of document.querySelectorAll("main *, header *, [role=dialog] *")) {
    const { right, left, width } = element.getBoundingClientRect();
    if (width > 1 && (right > clientWidth + 1 || left < -1) && isShown(element) && !isScrolled(element)) {
      faults.push(`overflow: ${element.tagName} ${element.className} reaches ${Math.round(right)} px`);
      break;
    }
  }
  for (const tag of ["main", "h1"]) {
    const count = [...document.querySelectorAll(tag)].filter(isShown).length;
    if (count !== 1) faults.push(`structure: ${count} elements ${tag}`);
  }
  const names = [...document.querySelectorAll("nav")].filter(isShown).map((nav) => nav.getAttribute("aria-label"));
  if (new Set(names).size < names.length) faults.push(`structure: navigations of the same name: ${names}`);
  for (const element of document.querySelectorAll("[role=dialog], [role=menu], [role=listbox], [role=tooltip]")) {
    const { left, right, top, bottom, width } = element.getBoundingClientRect();
    if (!isShown(element) || width < 2) continue;
    const name = `${element.role} ${element.id}`;
    const isCut = left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1;
    if (isCut) faults.push(`cut: ${name} is at ${[left, top, right, bottom].map(Math.round)}`);
    const hasControl = document.querySelector(`[aria-expanded=true][aria-controls="${element.id}"]`) !== null;
    if (!hasControl && element.matches("[role=menu], [role=listbox], .mantine-Popover-dropdown")) {
      faults.push(`structure: no control says that it has opened ${name}`);
    }
  }
  return faults;

  /** Whether an element is inside of a region that scrolls sideways or hides what does not fit. */
  function isScrolled(element: Element): boolean {
    for (let parent = element.parentElement; parent !== null; parent = parent.parentElement) {
      if (getComputedStyle(parent).overflowX !== "visible") return true;
    }
    return false;
  }
}

/** Counts layout shifts in every document of a page from now on. */
export async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const shifts: { value: number; what: string }[] = [];
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as Shift[]) {
        if (!entry.hadRecentInput) shifts.push({ value: entry.value, what: entry.sources.map(nameOf).join(", ") });
      }
    }).observe({ type: "layout-shift", buffered: true });
    interface Shift {
      value: number;
      hadRecentInput: boolean;
      sources: { node?: Node }[];
    }
    function nameOf({ node }: { node?: Node }): string {
      return node instanceof Element ? `${node.tagName} ${node.className}` : node?.textContent ?? "?";
    }
  });
}

/** The layout shift of the page's document, if it is more than it may be. */
export async function shiftFaults(page: Page): Promise<string[]> {
  const shifts = await page.evaluate(() => (globalThis as unknown as { shifts: Shift[] }).shifts);
  const sum = shifts.reduce((total, { value }) => total + value, 0);
  if (sum <= MOST_SHIFT) return [];
  return [`shift: ${sum.toFixed(3)} by ${shifts.map(({ value, what }) => `${what} (${value.toFixed(3)})`).join("; ")}`];
}

interface Shift {
  value: number;
  what: string;
}
