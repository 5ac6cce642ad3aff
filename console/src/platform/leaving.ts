/** What stands between the user and another place: changes that they have not saved. */
export interface Guard {
  /** Whether a path of the console keeps the changes. */
  isInside(path: string): boolean;
  /** Asks the user, and calls `leave` if they want to. */
  ask(leave: () => void): void;
}

let guard: Guard | null = null;

/**
 * Whether the console may go to a path now. Otherwise the user is asked first, and `leave` is called if they want to. What
 * changes the location by itself calls this before.
 */
export function mayLeave(path: string, leave: () => void): boolean {
  if (guard === null || guard.isInside(path)) return true;
  guard.ask(() => {
    guard = null;
    leave();
  });
  return false;
}

/** The route in a location's hash, without its query. */
function pathOf({ hash }: Location): string {
  return `/${hash.replace(/^#?\/?/, "").split("?")[0]}`;
}

/**
 * Guards until the returned function is called. The browser goes back, forward and along links without asking: such a step is
 * undone first, and taken again if the user wants to.
 */
export function guardLeaving(next: Guard): () => void {
  let { href, state } = here();
  guard = next;
  // It comes before `hashchange`, so that the screens never see the other place.
  globalThis.addEventListener("popstate", undo);
  globalThis.addEventListener("hashchange", follow);
  globalThis.addEventListener("beforeunload", warn);
  return () => {
    if (guard === next) guard = null;
    globalThis.removeEventListener("popstate", undo);
    globalThis.removeEventListener("hashchange", follow);
    globalThis.removeEventListener("beforeunload", warn);
  };

  function undo() {
    const path = pathOf(globalThis.location);
    if (guard !== next || next.isInside(path)) return;
    globalThis.history.pushState(state, "", href);
    mayLeave(path, () => globalThis.history.back());
  }

  function follow() {
    ({ href, state } = here());
  }
}

function here(): { href: string; state: unknown } {
  return { href: globalThis.location.href, state: globalThis.history.state };
}

/** The browser asks in words of its own. */
function warn(event: BeforeUnloadEvent) {
  event.preventDefault();
}
