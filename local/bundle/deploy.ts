// `deno task functions:deploy`: bundles every function and deploys the bundles with the Supabase CLI.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copy, fileExists } from "../files.ts";
import { supabaseCliProgram } from "../platform-packages.ts";
import { writeBundledProject } from "./project.ts";

const USAGE = `Usage: deno task functions:deploy [FUNCTION …] [OPTIONS]

Bundles each function into one minified file, and deploys the bundles of the named functions, or of all. The arguments are
those of \`supabase functions deploy\`: without --remote, the linked project is deployed to.`;

const SUPABASE = fileURLToPath(new URL("../../supabase", import.meta.url));
/** Where `supabase link` keeps the linked project. */
const LINK = [".temp", ".link.json"];

/** Returns the CLI's exit code. */
async function deploy(args: readonly string[]): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "switchboard-deploy-" });
  try {
    for (const { name, bytes } of await writeBundledProject(folder)) {
      console.log(`Bundled ${name}: ${bytes.toLocaleString("en")} bytes`);
    }
    for (const name of LINK) {
      const file = join(SUPABASE, name);
      if (await fileExists(file)) await copy(file, join(folder, "supabase", name));
    }
    const cli = new Deno.Command(await supabaseCliProgram(), {
      args: ["functions", "deploy", "--use-api", "--workdir", folder, ...args],
    });
    const { code } = await cli.spawn().status;
    return code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  if (Deno.args.some((argument) => argument === "--help" || argument === "-h")) console.log(USAGE);
  else Deno.exit(await deploy(Deno.args));
}
