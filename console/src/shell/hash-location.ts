import { useSyncExternalStore } from "react";
import { mayLeave } from "../platform/leaving.ts";

/** A path and a query, both without the characters that separate them. */
export interface Place {
  /** Begins with `/`. Decoded, except for `%2F` and `%25`, which would otherwise change the path's meaning. */
  path: string;
  /** Without the question mark. */
  search: string;
}

/** Reads the route in a URL's hash, such as `#/inbox/%2B14155550100~+14155550142?at=…`. Never fails. */
export function placeOf(hash: string): Place {
  const route = hash.replace(/^#?\/?/, "");
  const query = route.indexOf("?");
  const path = query === -1 ? route : route.slice(0, query);
  return { path: `/${path.split("/").map(segment).join("/")}`, search: query === -1 ? "" : route.slice(query + 1) };
}

/** A segment of the path in one spelling, however much of it was escaped. A malformed escape stays as it is. */
function segment(text: string): string {
  return decoded(text).replaceAll("%", "%25").replaceAll("/", "%2F");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The screens of operators are below this path. */
export const OPERATOR_PATH = "/operator";

export function isOperatorPath(path: string): boolean {
  return path === OPERATOR_PATH || path.startsWith(`${OPERATOR_PATH}/`);
}

/** What names the screen in a path: the first segment, and below `/operator` the first two. */
export function screenOf(path: string): string {
  return path.split("/").slice(1, isOperatorPath(path) ? 3 : 2).join("/");
}

/** The options of wouter's `navigate`. */
export interface NavigateOptions {
  replace?: boolean;
  state?: unknown;
}

/**
 * Goes to a path with its query, both in the hash, unless the user wants to save something first. The place that is shown already is replaced, not added to the history, so
 * that *Back* always leads elsewhere.
 */
export function navigate(to: string, { replace = false, state = null }: NavigateOptions = {}): void {
  const { href: oldURL } = globalThis.location;
  const url = new URL(oldURL);
  url.hash = `/${to.replace(/^#?\/?/, "")}`;
  if (!mayLeave(placeOf(url.hash).path, () => navigate(to, { replace, state }))) return;
  const entry = { state, entry: crypto.randomUUID() };
  const isOtherScreen = screenOf(placeOf(new URL(oldURL).hash).path) !== screenOf(placeOf(url.hash).path);
  if (replace || url.href === oldURL) globalThis.history.replaceState(entry, "", url.href);
  else globalThis.history.pushState(entry, "", url.href);
  if (isOtherScreen) globalThis.scrollTo(0, 0);
  // The browser announces only the changes that it makes itself.
  globalThis.dispatchEvent(new HashChangeEvent("hashchange", { oldURL, newURL: url.href }));
}

function subscribe(changed: () => void): () => void {
  globalThis.addEventListener("hashchange", changed);
  return () => globalThis.removeEventListener("hashchange", changed);
}

const currentPath = () => placeOf(globalThis.location.hash).path;
/** wouter decodes the query once before it is parsed, which would change a `%` in a value. */
const currentSearch = () => placeOf(globalThis.location.hash).search.replaceAll("%", "%25");

/**
 * wouter's location in the hash, with the query in the hash, too: a link to a filtered list can be shared, and a query
 * before the hash (`?checkout=paid`) is not carried from screen to screen, as wouter's own hook does.
 */
export function useHashLocation(): [string, typeof navigate] {
  return [useSyncExternalStore(subscribe, currentPath), navigate];
}
useHashLocation.searchHook = () => useSyncExternalStore(subscribe, currentSearch);
useHashLocation.hrefs = (href: string) => `#${href}`;
