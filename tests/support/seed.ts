// The runner loads this file before each test file, so that all properties of a run begin with one seed.
import fc from "fast-check";

/**
 * The seed of every random test. The runner chooses one for a run, prints it, and repeats a failed test with it:
 * `TEST_SEED=123 deno task test` plays a run again.
 */
export const SEED = Number(Deno.env.get("TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isSafeInteger(SEED)) throw new Error("TEST_SEED is not an integer");

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });
