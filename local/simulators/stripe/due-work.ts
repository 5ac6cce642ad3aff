import { closePeriods, finalizeDue, nextFinalization, nextPeriodEnd } from "./billing/periods.ts";
import { Books } from "./billing/books.ts";
import { NO_ORIGIN } from "./objects/event.ts";
import { METER_PROCESSING } from "./metering/processing.ts";
import { METER_REPORTS } from "./metering/reports.ts";
import type { Simulator } from "./simulator.ts";

/** Something that Stripe does by itself when its time has come. */
export interface DueWork {
  /** Returns when the earliest work of this kind is due, in Unix milliseconds. Null if none is planned. */
  nextAt(simulator: Simulator): number | null;
  /** Does the work that is due at the clock's time. Afterwards `nextAt` must be later, or null. */
  run(simulator: Simulator, books: Books): void;
}

/** All work that becomes due by time. Of two that are due at the same time, the first of this list runs first. */
export const DUE_WORK: DueWork[] = [
  METER_PROCESSING,
  METER_REPORTS,
  { nextAt: ({ records }) => nextPeriodEnd(records), run: (_, books) => closePeriods(books) },
  { nextAt: ({ records }) => nextFinalization(records), run: (_, books) => finalizeDue(books) },
];

/**
 * Does all work that is due by now, in order of time, each piece at the time when it is due. So one long advance of the
 * clock has the same result as many short ones.
 */
export function runDueWork(simulator: Simulator): void {
  const until = simulator.now();
  for (let next = earliest(simulator); next !== null && next.at <= until; next = earliest(simulator)) {
    const { at, work } = next;
    simulator.clock.at(at, () => work.run(simulator, new Books(simulator, NO_ORIGIN)));
    simulator.changed();
    const left = work.nextAt(simulator);
    if (left !== null && left <= at) throw new Error(`Work of the Stripe simulator that was due at ${at} is not done`);
  }
}

function earliest(simulator: Simulator): { at: number; work: DueWork } | null {
  let first: { at: number; work: DueWork } | null = null;
  for (const work of DUE_WORK) {
    const at = work.nextAt(simulator);
    if (at !== null && (first === null || at < first.at)) first = { at, work };
  }
  return first;
}
