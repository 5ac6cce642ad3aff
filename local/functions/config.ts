import { join } from "node:path";
import { parse } from "smol-toml";
import { fileExists } from "../files.ts";

/** What `supabase/config.toml` says of each function. */
export interface FunctionsConfig {
  /** Tells whether the platform would ask for a user token before it calls the function; true unless it says otherwise. */
  verifiesJwt(name: string): boolean;
  /** Tells whether there is such a function. */
  has(name: string): Promise<boolean>;
}

/** Reads `<projectDir>/supabase/config.toml`; a project without one has the defaults. */
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
