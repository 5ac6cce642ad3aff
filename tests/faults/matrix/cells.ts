import type { Delivery } from "../harness/people.ts";
import { changesTwilio } from "../harness/points.ts";
import { comeToRest, lookAgainSoon } from "../harness/quiescence.ts";
import { type Fault, FAULTS, Trap } from "../harness/traps.ts";
import { judge, type Verdict } from "../harness/verdict.ts";
import type { World } from "../harness/world.ts";
import { play, signUp, STORIES, type Story } from "./stories.ts";

/** One fault at one call of one story. */
export interface Cell {
  story: Story;
  delivery: Delivery;
  point: string;
  fault: Fault;
}

export interface CellResult extends Verdict {
  /** False when the processes made fewer calls than without faults, so that the fault met no call. */
  struck: boolean;
  created: number;
}

/** Stalls need an expired lease. They have tests and histories of their own. */
const STRUCK: readonly Fault[] = FAULTS.filter((fault) => !fault.startsWith("stalls"));

export function nameOf({ story, delivery, point, fault }: Cell): string {
  return `${story.name} × ${delivery} × ${point} × ${fault}`;
}

/**
 * All cells: for each story and delivery, the calls made without faults, times the faults.
 * @param only if it begins with the name of a story, the other stories are left out
 */
export async function allCells(worlds: readonly World[], only = ""): Promise<Cell[]> {
  const told = STORIES.filter(({ name }) => only.startsWith(`${name} ×`));
  const plays = (told.length > 0 ? told : STORIES).flatMap((story) =>
    story.deliveries.map((delivery) => ({ story, delivery }))
  );
  const found = new Map<(typeof plays)[number], string[]>();
  const queue = [...plays];
  await Promise.all(worlds.map(async (world) => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      found.set(next, await pointsOf(next.story, next.delivery, world));
    }
  }));
  return plays.flatMap((play) =>
    (found.get(play) ?? []).flatMap((point) =>
      STRUCK.filter((fault) => fault !== "arrives late" || changesTwilio(point))
        .map((fault) => ({ ...play, point, fault }))
    )
  );
}

async function pointsOf(story: Story, delivery: Delivery, world: World): Promise<string[]> {
  await world.reset();
  const userId = await signUp(world);
  const prepared = await story.prepare(world, userId);
  world.underway.seen.clear();
  await play(story, world, userId, delivery, [], prepared);
  await world.settled();
  return [...world.underway.seen.keys()].sort();
}

/** Plays one cell to its end and judges the result. */
export async function runCell({ story, delivery, point, fault }: Cell, world: World): Promise<CellResult> {
  await world.reset();
  const userId = await signUp(world);
  const prepared = await story.prepare(world, userId);
  // The client repeats calls refused with a 5xx or 429, so such a fault must strike three times to have an effect.
  const trap = new Trap(point, fault, 1, /^\d/.test(fault) ? 3 : 1);
  await play(story, world, userId, delivery, [trap], prepared);
  await lookAgainSoon(world, [trap]);
  await comeToRest(world, [trap]);
  const verdict = await judge(world, [{ userId, account: story.expected }]);
  const { created } = world;
  if (created !== story.creations) {
    verdict.violations.push(`${created} accounts were created, expected ${story.creations}`);
  }
  if (world.doubled > 0) verdict.violations.push(`${world.doubled} accounts were created beside an open one`);
  return { ...verdict, created, struck: trap.struck > 0 };
}
