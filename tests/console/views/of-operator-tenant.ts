import type { View } from "./view.ts";

/** The views of the operators' drawer of a tenant. */
export const OPERATOR_TENANT_VIEWS: readonly View[] = [];
