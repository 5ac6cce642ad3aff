import { join } from "node:path";
import { parse } from "smol-toml";
import { fileExists } from "../files.ts";

/** The functions' settings in `supabase/config.toml`. */
export interface FunctionsConfig {
  /** Returns the `verify_jwt` setting: whether a call needs a valid user token. Default: true. */
  verifiesJwt(name: string): boolean;
  /** Returns whether the function exists. */
  has(name: string): Promise<boolean>;
}

/**
 * Reads `<projectDir>/supabase/config.toml`. Without that file, every function has the default settings. The functions
 * of `moreFolders` have no settings and verify no token.
 */
export async function readFunctionsConfig(
  projectDir: string,
  moreFolders: readonly string[] = [],
): Promise<FunctionsConfig> {
  const file = join(projectDir, "supabase", "config.toml");
  const config = (await fileExists(file) ? parse(await Deno.readTextFile(file)) : {}) as ConfigFile;
  const functions = join(projectDir, "supabase", "functions");
  const further = new Set((await Promise.all(moreFolders.map(namesIn))).flat());
  return {
    verifiesJwt: (name) => !further.has(name) && (config.functions?.[name]?.verify_jwt ?? true),
    has: async (name) => further.has(name) || await fileExists(join(functions, name, "index.ts")),
  };
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
}

interface ConfigFile {
  functions?: Record<string, { verify_jwt?: boolean }>;
}
