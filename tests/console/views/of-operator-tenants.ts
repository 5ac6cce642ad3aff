import type { View } from "./view.ts";

/** The views of the operators' list of tenants. */
export const OPERATOR_TENANTS_VIEWS: readonly View[] = [];
