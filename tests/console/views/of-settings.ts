import type { View } from "./view.ts";

/** The views of the settings. */
export const SETTINGS_VIEWS: readonly View[] = [];
