import type { View } from "./view.ts";

/** The views of revenue and prices of operators. */
export const OPERATOR_MONEY_VIEWS: readonly View[] = [];
