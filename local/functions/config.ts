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

/** Reads `<projectDir>/supabase/config.toml`. Without that file, every function has the default settings. */
export async function readFunctionsConfig(projectDir: string): Promise<FunctionsConfig> {
  const file = join(projectDir, "supabase", "config.toml");
  const config = (await fileExists(file) ? parse(await Deno.readTextFile(file)) : {}) as ConfigFile;
  return {
    verifiesJwt: (name) => config.functions?.[name]?.verify_jwt ?? true,
    has: (name) => fileExists(join(projectDir, "supabase", "functions", name, "index.ts")),
  };
}

interface ConfigFile {
  functions?: Record<string, { verify_jwt?: boolean }>;
}
