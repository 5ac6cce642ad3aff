import type { View } from "./view.ts";

/** The views of usage, statements and the plan. */
export const USAGE_VIEWS: readonly View[] = [];
