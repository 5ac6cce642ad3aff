import { type Arrival, arrivalIn } from "./arrival.ts";
import { createSessionStore, type SessionAuth, type SessionStore, type SessionStoreOptions } from "./session-store.ts";

const LAST_USER_KEY = "switchboard-last-user";

/** Takes what a link of a mail brought out of the address bar. Call it before the Auth client starts. */
export function takeArrival(): Arrival {
  const { arrival, href } = arrivalIn(globalThis.location.href);
  // Replaced, so that the browser's history has no tokens.
  if (arrival.kind !== "none") globalThis.history.replaceState(null, "", href);
  return arrival;
}

/** Creates the session of this tab. */
export function createBrowserSession(
  auth: SessionAuth,
  arrival: Arrival,
  handlers: Pick<SessionStoreOptions, "goTo" | "forget">,
): SessionStore {
  return createSessionStore({ auth, arrival, lastUser: lastUserOfTab(), ...handlers });
}

/** The last user of this tab. Kept in memory where the browser blocks storage. */
function lastUserOfTab() {
  let known: string | null = null;
  return {
    get(): string | null {
      try {
        return sessionStorage.getItem(LAST_USER_KEY);
      } catch {
        return known;
      }
    },
    set(id: string | null): void {
      known = id;
      try {
        if (id === null) sessionStorage.removeItem(LAST_USER_KEY);
        else sessionStorage.setItem(LAST_USER_KEY, id);
      } catch {
        // Blocked: `known` is used.
      }
    },
  };
}

/** Whether this browser lets the console keep the session over a reload. */
export function keepsSession(): boolean {
  try {
    const key = "switchboard-probe";
    localStorage.setItem(key, key);
    localStorage.removeItem(key);
    return true;
  } catch {
    return false;
  }
}

/** Where the links of Auth's mails lead: this console, without a route, because Auth adds its own fragment. */
export function mailReturnUrl({ origin, pathname }: Pick<URL, "origin" | "pathname"> = globalThis.location): string {
  return `${origin}${pathname}`;
}
