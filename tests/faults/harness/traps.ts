/** What can happen to one call of a process to Postgres, Twilio or Stripe. */
export const FAULTS = [
  "dies before",
  "dies after commit",
  "times out after commit",
  "is lost",
  "429",
  "500",
  "503 with HTML",
  "arrives late",
  "stalls before",
  "stalls after commit",
] as const;
export type Fault = (typeof FAULTS)[number];

/** Strikes when a process makes the call the trap waits for. Several processes may share one trap. */
export class Trap {
  /** How often it has struck. */
  struck = 0;
  #seen = 0;

  /**
   * @param waitsFor the name of a call (see points.ts), or null for any
   * @param nth which of these calls it strikes first, counted from 1
   * @param times how many calls in a row it strikes
   */
  constructor(
    private readonly waitsFor: string | null,
    readonly fault: Fault,
    private readonly nth = 1,
    private readonly times = 1,
  ) {}

  /** Reports a call that is about to be made. Returns true when the trap strikes. */
  springs(point: string): boolean {
    if (this.waitsFor !== null && this.waitsFor !== point) return false;
    this.#seen++;
    if (this.#seen < this.nth || this.#seen >= this.nth + this.times) return false;
    this.struck++;
    return true;
  }
}
