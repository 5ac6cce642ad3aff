import { CONTENT_ID } from "./screen-title.tsx";

/** How many elements are remembered that had the focus. */
const MOST_REMEMBERED = 12;
/** Mantine returns the focus of a closed dialog within 10 ms, and React renders what replaces an element sooner. */
const SETTLING_MS = 60;

/**
 * Gives the focus a place whenever the browser drops it, because the element that had it was removed, hidden or disabled: a
 * button that has finished gets it back, a dialog whose content arrives late starts in its first field, and otherwise it
 * returns to where it was before. After a form is refused, its first wrong field gets it. @returns a function that ends this
 */
export function keepFocus(): () => void {
  const end = new AbortController();
  const { signal } = end;
  let last: Place | null = null;
  let before: HTMLElement[] = [];
  /** The fields that a dialog has started in, or that the user has been in. */
  const begun = new WeakSet<HTMLElement>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const check = () => {
    timer = undefined;
    const active = document.activeElement;
    if (active !== null && active !== document.body) return beginDialog(active, begun);
    if (last === null) return;
    if (canFocus(last.element)) {
      if (last.isWorking) focus(last.element);
    } else if (isWorking(last.element)) {
      last.isWorking = true;
    } else {
      focus(placeFor(last, before, begun));
    }
  };
  const checkSoon = () => timer ??= setTimeout(check, SETTLING_MS);
  const observer = new MutationObserver(checkSoon);
  observer.observe(document.body, {
    subtree: true,
    childList: true,
    attributeFilter: ["class", "disabled", "hidden", "style", "data-loading"],
  });

  const on = <K extends keyof DocumentEventMap>(type: K, handle: (event: DocumentEventMap[K]) => void) =>
    document.addEventListener(type, handle, { signal, capture: true });
  on("focusin", ({ target }) => {
    if (!(target instanceof HTMLElement) || target === last?.element) return;
    begun.add(target);
    if (last !== null) {
      before = [last.element, ...before.filter((one) => one !== last?.element)].slice(0, MOST_REMEMBERED);
    }
    last = { element: target, scroller: target.closest<HTMLElement>("[data-virtuoso-scroller]"), isWorking: false };
  });
  on("pointerdown", ({ target }) => {
    // A click on what takes no focus drops it on purpose.
    if (target instanceof Element && target.closest("a, button, input, textarea, label, [tabindex]") === null) {
      last = null;
    }
  });
  on("keydown", (event) => {
    // The dialog itself holds the Tab key while the focus is in it.
    if (event.key !== "Tab" || document.activeElement !== document.body) return;
    const start = startOf(openDialog());
    if (start === null) return;
    event.preventDefault();
    start.focus();
  });
  on("submit", ({ target }) => {
    setTimeout(() => {
      if (!(target instanceof HTMLElement) || document.activeElement?.matches("[aria-invalid=true]")) return;
      focus(target.querySelector<HTMLElement>("[aria-invalid=true]"));
    }, SETTLING_MS);
  });
  signal.addEventListener("abort", () => {
    observer.disconnect();
    clearTimeout(timer);
  });
  return () => end.abort();
}

interface Place {
  element: HTMLElement;
  /** The list of changing rows that the element is in. */
  scroller: HTMLElement | null;
  /** Whether it was disabled because it is working. */
  isWorking: boolean;
}

/** Where the focus goes that a place has lost; null while the button that it returns to is working. */
function placeFor(
  { scroller }: Place,
  before: readonly HTMLElement[],
  begun: WeakSet<HTMLElement>,
): HTMLElement | null {
  const dialog = openDialog();
  if (dialog !== null) {
    const start = startOf(dialog);
    return start !== null && !begun.has(start)
      ? start
      : before.find((one) => canTake(one) && dialog.contains(one)) ?? start;
  }
  if (scroller !== null && canFocus(scroller)) return scroller;
  const main = document.getElementById(CONTENT_ID);
  const earlier = before.find((one) => canTake(one) || isWorking(one));
  if (earlier !== undefined) return canFocus(earlier) ? earlier : null;
  return [...(main?.querySelectorAll<HTMLElement>("h1[tabindex]") ?? [])].find(canFocus) ?? main;
}

/** Whether it is a button that is disabled while it shows a loader. */
function isWorking(element: HTMLElement): boolean {
  return element.isConnected && element.matches("[data-loading]");
}

/** The focus of a dialog is on its close button, if its content was not there yet when it opened. */
function beginDialog(active: Element, begun: WeakSet<HTMLElement>): void {
  if (!active.matches(".mantine-Modal-close")) return;
  const start = active.closest("[role=dialog]")?.querySelector<HTMLElement>("[data-autofocus]") ?? null;
  if (start !== null && !begun.has(start)) focus(start);
}

/** The dialog on top of everything. */
function openDialog(): HTMLElement | null {
  return [...document.querySelectorAll<HTMLElement>("[role=dialog][aria-modal=true]")].filter(canFocus).at(-1) ?? null;
}

function startOf(dialog: HTMLElement | null): HTMLElement | null {
  const starts = dialog?.querySelectorAll<HTMLElement>("[data-autofocus], button, input, textarea, a[href]") ?? [];
  const shown = [...starts].filter(canFocus);
  return shown.find((start) => start.matches("[data-autofocus]")) ?? shown[0] ?? null;
}

function canFocus(element: HTMLElement): boolean {
  return element.isConnected && !element.matches(":disabled") && element.checkVisibility({ visibilityProperty: true });
}

/** Not a text field on a phone, whose keyboard would open. */
function canTake(element: HTMLElement): boolean {
  return canFocus(element) && !(element.matches("input, textarea") && matchMedia("(pointer: coarse)").matches);
}

function focus(element: HTMLElement | null): void {
  element?.focus({ preventScroll: true });
}
