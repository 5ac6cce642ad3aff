import type { View } from "./view.ts";

/** The views of the campaigns. */
export const CAMPAIGN_VIEWS: readonly View[] = [];
