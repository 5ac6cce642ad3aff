/** What the steps depend on. */
export interface Progress {
  /** The status of the subaccount; null without one. */
  status: string | null;
  isProvisioned: boolean;
  /** How many numbers of their own the tenant has. */
  ownNumbers: number;
  hasSent: boolean;
}

export type StepName = "subaccount" | "number" | "message";

export interface Step {
  name: StepName;
  isDone: boolean;
  /** The first step that is not done. */
  isNext: boolean;
}

/** Statuses in which the tenant has other worries than the first steps. */
const OUT_OF_USE: readonly (string | null)[] = ["suspended", "closed"];

/** Returns the steps to the first message; none once all are done, or while the subaccount cannot be used. */
export function stepsOf({ status, isProvisioned, ownNumbers, hasSent }: Progress): Step[] {
  if (OUT_OF_USE.includes(status)) return [];
  const done: [StepName, boolean][] = [
    ["subaccount", isProvisioned],
    ["number", ownNumbers > 0],
    ["message", hasSent],
  ];
  const next = done.findIndex(([, isDone]) => !isDone);
  return next === -1 ? [] : done.map(([name, isDone], index) => ({ name, isDone, isNext: index === next }));
}
