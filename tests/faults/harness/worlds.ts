import { startTestDatabase } from "../../support/test-database.ts";
import { World } from "./world.ts";

/** Several worlds on one Postgres server. */
export interface Worlds extends AsyncDisposable {
  worlds: readonly World[];
}

/** Opens worlds, each with a database of its own. */
export async function openWorlds(count: number): Promise<Worlds> {
  const database = await startTestDatabase();
  const worlds: World[] = [];
  const close = async () => {
    for (const world of worlds) await world[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  };
  try {
    for (let index = 0; index < count; index++) worlds.push(await World.open(database.url, `faults_${index}`));
    return { worlds, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A world for the tests of one file. Call it once, before the tests; its fields are available while they run. */
export function worldUnderTest(): () => World {
  let opened: Worlds | undefined;
  Deno.test.beforeAll(async () => {
    opened = await openWorlds(1);
  });
  Deno.test.afterAll(async () => await opened?.[Symbol.asyncDispose]());
  return () => {
    const [world] = opened?.worlds ?? [];
    if (world === undefined) throw new Error("Cannot use the world before the tests run: use it inside a test");
    return world;
  };
}
