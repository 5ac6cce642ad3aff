// `deno task types`: generates TypeScript types from the database schema that the migrations create.
import { fileURLToPath } from "node:url";
import { formatTypeScript } from "../format.ts";
import { startStack } from "../stack.ts";
import { runSupabaseCli } from "./supabase-cli.ts";

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
export const TYPES_FILE = fileURLToPath(new URL("../../supabase/functions/_shared/database.types.ts", import.meta.url));

/** Generates the types of the `public` schema with the Supabase CLI and formats them with `deno fmt`. */
export async function generateTypes(databaseUrl: string): Promise<string> {
  const args = ["gen", "types", "--lang", "typescript", "--schema", "public"];
  const generated = await runSupabaseCli(args, { projectDir: CHECKOUT, databaseUrl });
  return await formatTypeScript(generated.slice(generated.indexOf("export type Json")));
}

if (import.meta.main) {
  const stack = await startStack({ ephemeral: true, scheduler: false, log: (line) => console.log(line) });
  try {
    await Deno.writeTextFile(TYPES_FILE, await generateTypes(stack.state.dbUrl));
    console.log(`Wrote ${TYPES_FILE}`);
  } finally {
    await stack.stop();
  }
}
