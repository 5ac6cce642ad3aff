import type { Delivery } from "../harness/people.ts";
import { changesTwilio } from "../harness/points.ts";
import { comeToRest, lookAgainSoon } from "../harness/quiescence.ts";
import { type Fault, FAULTS, Trap } from "../harness/traps.ts";
import { judge, type Verdict } from "../harness/verdict.ts";
import type { World } from "../harness/world.ts";
import { play, signUp, STORIES, type Story } from "./stories.ts";

/** One way in which one story can go wrong at one call. */
export interface Cell {
  story: Story;
  delivery: Delivery;
  point: string;
  fault: Fault;
}

export interface CellResult extends Verdict {
  /** False where processes came in each other's way less than they may, and the call was not made. */
  struck: boolean;
  created: number;
}

/** Stalls want a lease to run out, and have tests and histories of their own. */
const STRUCK: readonly Fault[] = FAULTS.filter((fault) => !fault.startsWith("stalls"));

export function nameOf({ story, delivery, point, fault }: Cell): string {
  return `${story.name} × ${delivery} × ${point} × ${fault}`;
}

/**
 * All cells: for each story and delivery the calls that are made without any fault, times the faults.
 * @param only where it begins with the name of a story, the others are left out
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

/** Plays one cell to its end and judges what came of it. */
export async function runCell({ story, delivery, point, fault }: Cell, world: World): Promise<CellResult> {
  await world.reset();
  const userId = await signUp(world);
  const prepared = await story.prepare(world, userId);
  // The client repeats what was refused for now: a fault that strikes once would be nothing.
  const trap = new Trap(point, fault, 1, /^\d/.test(fault) ? 3 : 1);
  await play(story, world, userId, delivery, [trap], prepared);
  await lookAgainSoon(world, [trap]);
  await comeToRest(world, [trap]);
  const verdict = await judge(world, [{ userId, account: story.expected }]);
  const { created } = world;
  if (created !== story.creations) {
    verdict.violations.push(`${created} accounts were created where ${story.creations} should have been`);
  }
  if (world.doubled > 0) verdict.violations.push(`${world.doubled} accounts were created beside an open one`);
  return { ...verdict, created, struck: trap.struck > 0 };
}
