import { isFailure } from "./failure.ts";

/**
 * What the console knows about the way to the server. `offline`: the browser has no network. `down`: no read is answered.
 * `partly`: some reads are answered, and some are not.
 */
export type Connection = "ok" | "offline" | "down" | "partly";

/** The last outcome of a read whose content is on the screen. */
export interface ReadOutcome {
  /** Whether it failed because the server did not answer, or was not able to. */
  isDown: boolean;
  /** When, in milliseconds. */
  at: number;
}

/** The state of the connection, from the last outcomes of the reads on the screen. */
export function connectionOf(isOnline: boolean, outcomes: readonly ReadOutcome[]): Connection {
  if (!isOnline) return "offline";
  const failedSince = Math.min(...outcomes.filter(({ isDown }) => isDown).map(({ at }) => at));
  if (failedSince === Infinity) return "ok";
  // An answer from before the first failure says nothing about now.
  return outcomes.some(({ isDown, at }) => !isDown && at > failedSince) ? "partly" : "down";
}

/** Gateways answer these for a server that is not there. Functions answer 503 themselves, with a code. */
const GATEWAY = new Set([502, 503, 504, 520, 521, 522, 523, 524]);

/** Whether a failure says that the server is out of reach or overloaded, not that the request has a problem. */
export function isServerDown(error: unknown): boolean {
  if (!isFailure(error)) return false;
  const { status, code } = error;
  if (code === "aborted") return false;
  if (status === 0 || code === "database_unavailable") return true;
  const isFunctions = code !== "unexpected_answer" && !/^(http_\d+|PGRST00\d|08|53|57)/.test(code);
  return !isFunctions && GATEWAY.has(status);
}

const FIRST_DELAY_SECONDS = 2;
const LONGEST_DELAY_SECONDS = 30;

/** How long to wait before the next attempt: twice as long as before the last one, up to half a minute. */
export function retryDelay(attempt: number): number {
  return Math.min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** Math.min(attempt, 10));
}
