import type { Campaign } from "../../../../client/switchboard.ts";

/** A delay up to this is for undoing. A campaign that is scheduled further ahead is canceled, not undone. */
const LONGEST_UNDO_MS = 60_000;

/** Whether a campaign is in the time in which it can be undone. */
export type Undo =
  /** It has not begun: undoing it sends nothing. `seconds`: until it may begin. */
  | { kind: "open"; seconds: number }
  /** Its time has come, and the server is about to begin: it can still be undone. */
  | { kind: "starting" }
  /** It was undone before anything was sent. */
  | { kind: "undone" }
  | { kind: "over" };

type Undoable = Pick<Campaign, "status" | "scheduledAt" | "createdAt" | "startedAt" | "counts" | "total">;

/**
 * What can be undone, decided by the server's status alone: the countdown is a forecast. It has no use of this browser's clock
 * but for the time that has passed since the campaign was first seen.
 * @param seenMs how long ago this browser first saw it, in milliseconds
 */
export function undoOf({ status, scheduledAt, createdAt, startedAt, counts, total }: Undoable, seenMs: number): Undo {
  const delay = scheduledAt === null ? 0 : Date.parse(scheduledAt) - Date.parse(createdAt);
  if (delay <= 0 || delay > LONGEST_UNDO_MS) return { kind: "over" };
  if (status === "canceled" && startedAt === null && counts.skipped === total) return { kind: "undone" };
  if (status !== "scheduled") return { kind: "over" };
  const left = delay - Math.max(0, seenMs);
  return left <= 0 ? { kind: "starting" } : { kind: "open", seconds: Math.ceil(left / 1000) };
}

/**
 * For how long a campaign has existed, as far as this browser knows: since it first saw it, or by its own clock where that is
 * plausible. After a reload only the clock knows.
 */
export function knownForMs(createdAt: string, firstSeenMs: number, nowMs: number): number {
  const byClock = nowMs - Date.parse(createdAt);
  return Math.max(nowMs - firstSeenMs, byClock > 0 && byClock <= LONGEST_UNDO_MS ? byClock : 0);
}
