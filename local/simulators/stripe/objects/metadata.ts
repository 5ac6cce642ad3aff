import type { Metadata } from "./shapes.ts";

/** Applies a change to metadata. An empty value removes its key, an empty change removes all keys. */
export function mergeMetadata(current: Metadata, change: Metadata | "" | undefined): Metadata {
  if (change === undefined) return current;
  if (change === "") return {};
  return Object.fromEntries(Object.entries({ ...current, ...change }).filter(([, value]) => value !== ""));
}
