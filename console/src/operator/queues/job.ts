import type { DeadLetter } from "../../../../client/switchboard.ts";

/** What a job does, such as `stripe-event`. */
export function jobKindOf({ job }: Pick<DeadLetter, "job">): string {
  const { kind } = job;
  return typeof kind === "string" ? kind : "job";
}

/** The tenant whom a job is about; null for one about no tenant. */
export function tenantOf({ job }: Pick<DeadLetter, "job">): string | null {
  const { userId } = job;
  return typeof userId === "string" && userId !== "" ? userId : null;
}
