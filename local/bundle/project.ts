import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "smol-toml";
import { type Bundle, bundleFunctions } from "./bundle.ts";

const CONFIG = fileURLToPath(new URL("../../supabase/config.toml", import.meta.url));

interface Config {
  project_id: string;
  functions: Record<string, { import_map?: string; entrypoint?: string }>;
}

/**
 * Writes a Supabase project that consists of the bundles alone, for the `--workdir` of `supabase functions deploy`: each
 * function has the settings of `supabase/config.toml`, with its bundle as the entry point and without an import map.
 */
export async function writeBundledProject(folder: string): Promise<Bundle[]> {
  const bundles = await bundleFunctions(join(folder, "supabase", "functions"));
  const { project_id, functions } = parse(await Deno.readTextFile(CONFIG)) as unknown as Config;
  const bundled = bundles.map(({ name }) => {
    const { import_map: _, ...settings } = functions[name] ?? {};
    return [name, { ...settings, entrypoint: `./functions/${name}/index.js` }];
  });
  const config = { project_id, functions: Object.fromEntries(bundled) };
  await Deno.writeTextFile(join(folder, "supabase", "config.toml"), stringify(config));
  return bundles;
}
