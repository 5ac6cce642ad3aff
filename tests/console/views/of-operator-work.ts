import type { View } from "./view.ts";

/** The views of alerts, queues and reports of operators. */
export const OPERATOR_WORK_VIEWS: readonly View[] = [];
