import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { CONTENT_ID } from "../platform/screen-title.tsx";
import { screenOf } from "./hash-location.ts";

/** How long the content that *Back* returns to may take to grow to its height. */
const GROWING_MS = 1_500;

/**
 * Moves the focus to the heading of a screen that is opened, as a page load would, and scrolls back to where the user was
 * when *Back* or *Forward* returns to it.
 */
export function useArrival(): void {
  const [location] = useLocation();
  const screen = screenOf(location);
  const shown = useRef(screen);
  useEffect(() => {
    if (shown.current === screen) return;
    shown.current = screen;
    const main = document.getElementById(CONTENT_ID);
    // While the code of the screen is loading, React hides the heading of the last one: the new one takes the focus from here.
    const heading = main?.querySelector("h1");
    (heading?.checkVisibility() ? heading : main)?.focus({ preventScroll: true });
  }, [screen]);
  useEffect(rememberPositions, []);
}

/** Notes the scroll position of each entry of the history, and returns to it. @returns a function that ends this */
function rememberPositions(): () => void {
  const positions = new Map<string, number>();
  let stop: (() => void) | null = null;
  const note = () => {
    if (stop === null) positions.set(currentEntry(), globalThis.scrollY);
  };
  const restore = () => {
    stop?.();
    stop = holdAt(positions.get(currentEntry()) ?? 0, () => stop = null);
  };
  globalThis.addEventListener("scroll", note, { passive: true });
  globalThis.addEventListener("popstate", restore);
  return () => {
    stop?.();
    globalThis.removeEventListener("scroll", note);
    globalThis.removeEventListener("popstate", restore);
  };
}

/** The first entry of a visit has no name. */
function currentEntry(): string {
  const state = globalThis.history.state as { entry?: string } | null;
  return state?.entry ?? "";
}

/** Keeps the page at a position while its content grows, until the user does something. @returns a function that ends this */
function holdAt(top: number, ended: () => void): () => void {
  const end = new AbortController();
  const stop = () => {
    end.abort();
    clearTimeout(timer);
    observer.disconnect();
    ended();
  };
  const observer = new ResizeObserver(() => globalThis.scrollTo(0, top));
  observer.observe(document.body);
  const timer = setTimeout(stop, GROWING_MS);
  for (const event of ["wheel", "touchstart", "pointerdown", "keydown"]) {
    globalThis.addEventListener(event, stop, { passive: true, signal: end.signal });
  }
  return stop;
}
