import assert from "node:assert/strict";
import { generateTypes, TYPES_FILE } from "../../local/database/types.ts";
import { startTestDatabase } from "../support/test-database.ts";

Deno.test("database.types.ts is what `deno task types` writes for the migrations", async () => {
  await using database = await startTestDatabase();
  assert.equal(await generateTypes(database.url), await Deno.readTextFile(TYPES_FILE), "run `deno task types`");
});
