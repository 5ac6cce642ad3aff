import { type ItemStorage, SharedItems } from "./shared-items.ts";

/** Removes a user's drafts and pending messages from the browser. Call it when the user has signed out. */
export function forgetMessages(userId: string): void {
  const items = new SharedItems(browserStorage(), prefixOf(userId));
  for (const name of items.names()) items.remove(name);
}

/** Of the names of everything that is stored for a user. */
export function prefixOf(userId: string): string {
  return `switchboard/${userId}/`;
}

/** `localStorage`, or nothing where the browser blocks it. */
export function browserStorage(): ItemStorage {
  const page: Pick<Window, "localStorage"> = globalThis;
  try {
    return page.localStorage;
  } catch {
    return new NoStorage();
  }
}

class NoStorage implements ItemStorage {
  readonly length = 0;
  getItem(): null {
    return null;
  }
  setItem(): void {
    throw new Error("The browser blocks its storage");
  }
  removeItem(): void {}
  key(): null {
    return null;
  }
}
