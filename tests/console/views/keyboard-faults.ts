import type { Page } from "playwright-core";

/** A view with more stops is walked up to here. */
const MOST_STOPS = 150;

/** What the Tab key meets. */
interface Stop {
  /** The number of the control among those of the view; null: the document itself, after its last control. */
  control: number | null;
  fault: string | null;
}

/**
 * What is wrong with the way of the Tab key through a view, or through the dialog that is open on it, in words: a control that
 * is not reached, a stop that cannot be seen, or a place that the key does not leave.
 */
export async function keyboardFaults(page: Page): Promise<string[]> {
  const controls = await page.evaluate(numberControls);
  const reached = new Set<number>();
  const faults = new Set<string>();
  const most = Math.min(MOST_STOPS, controls.reduce((sum, { stops }) => sum + stops, 5));
  let last: number | null = null;
  for (let press = 0; press < most && reached.size < controls.length; press += 1) {
    await page.keyboard.press("Tab");
    const { control, fault } = await page.evaluate(stopOf);
    if (fault !== null) faults.add(fault);
    if (control === null) continue;
    if (control === last && controls[control]?.stops === 1) {
      faults.add(`keyboard: the Tab key does not leave ${controls[control].name}`);
    }
    reached.add(control);
    last = control;
  }
  if (most < MOST_STOPS) {
    for (const [control, { name }] of controls.entries()) {
      if (!reached.has(control)) faults.add(`keyboard: the Tab key does not reach ${name}`);
    }
  }
  return [...faults];
}

interface Control {
  name: string;
  /** How many stops it has at most: a field for a date has one for each part. */
  stops: number;
}

/** In the page: gives each control its number, and forgets the focus. */
function numberControls(): Control[] {
  const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]";
  // A popover with the focus keeps it, like a dialog above the page.
  const dialog = [...document.querySelectorAll("[role=dialog]")].findLast((one) =>
    one.getAttribute("aria-modal") === "true" || one.contains(document.activeElement)
  );
  for (const element of document.querySelectorAll("[data-stop]")) element.removeAttribute("data-stop");
  const controls = [...(dialog ?? document).querySelectorAll<HTMLElement>(FOCUSABLE)].filter((element) =>
    element.tabIndex >= 0 && !element.matches(":disabled, [type=hidden]") && element.closest("[inert]") === null &&
    element.checkVisibility({ visibilityProperty: true }) && isOwnStop(element)
  );
  for (const [number, element] of controls.entries()) element.dataset["stop"] = String(number);
  if (dialog === undefined) (document.activeElement as HTMLElement | null)?.blur();
  // The Tab key goes on from here.
  if (dialog === undefined) document.getSelection()?.setPosition(document.body, 0);
  return controls.map((element) => ({
    name: `${element.tagName} ${nameOf(element)}`.slice(0, 80),
    stops: element.matches("[type=date], [type=time], [type=month], [type=datetime-local]") ? 5 : 1,
  }));

  function nameOf(element: HTMLElement): string {
    const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : null;
    return element.getAttribute("aria-label") ?? label ?? (element.textContent?.trim() || element.id);
  }

  /** Of the radios of a group, the chosen one is a stop, or else the first. */
  function isOwnStop(element: HTMLElement): boolean {
    if (!(element instanceof HTMLInputElement) || element.type !== "radio" || element.name === "") return true;
    const group = [...document.querySelectorAll<HTMLInputElement>("input[type=radio]")].filter(({ name, form }) =>
      name === element.name && form === element.form
    );
    return element === (group.find(({ checked }) => checked) ?? group[0]);
  }
}

/** In the page: where the focus is, and whether it can be seen there. */
function stopOf(): Stop {
  const element = document.activeElement as HTMLElement | null;
  if (element === null || element === document.body) return { control: null, fault: null };
  const { stop } = element.dataset;
  const control = stop === undefined ? null : Number(stop);
  const name = `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent?.trim().slice(0, 60)}`;
  const shown = shownPart(element);
  const { left, right, top, bottom, width, height } = shown.getBoundingClientRect();
  if (width < 2 || height < 2 || !shown.checkVisibility({ visibilityProperty: true, opacityProperty: true })) {
    return { control, fault: `keyboard: ${name} has the focus and is not shown` };
  }
  const [seenLeft, seenRight] = [Math.max(left, 0), Math.min(right, innerWidth)];
  const [seenTop, seenBottom] = [Math.max(top, 0), Math.min(bottom, innerHeight)];
  if (seenRight - seenLeft < 2 || seenBottom - seenTop < 2) {
    return { control, fault: `keyboard: ${name} has the focus outside of the window` };
  }
  const isSeen = [0.5, 0.1, 0.9].some((part) => {
    const at = document.elementFromPoint(
      seenLeft + (seenRight - seenLeft) / 2,
      seenTop + (seenBottom - seenTop) * part,
    );
    return at !== null && (shown.contains(at) || at.contains(shown) || element.contains(at));
  });
  return { control, fault: isSeen ? null : `keyboard: ${name} has the focus and is covered` };

  /** Of a field that is hidden behind its own picture, such as a switch, that picture. */
  function shownPart(element: HTMLElement): Element {
    const { width, height } = element.getBoundingClientRect();
    const isPicture = width < 2 || height < 2 || getComputedStyle(element).opacity === "0";
    if (!isPicture || !(element instanceof HTMLInputElement)) return element;
    return element.labels?.[0] ?? element.parentElement ?? element;
  }
}
