import { supabaseCliProgram } from "../platform-packages.ts";

/** Runs the Supabase CLI against a database and returns its stdout. @throws Error with the CLI's output if it fails */
export async function runSupabaseCli(
  args: string[],
  options: { projectDir: string; databaseUrl: string },
): Promise<string> {
  const { projectDir, databaseUrl } = options;
  const cli = new Deno.Command(await supabaseCliProgram(), {
    args: [...args, `--remote=${databaseUrl}`, "--workdir", projectDir, "--yes", "--agent", "no"],
    cwd: projectDir,
    stdin: "null",
    // The embedded Postgres has no TLS. Without PGSSLMODE the CLI would print a warning into its output.
    env: { SUPABASE_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", NO_COLOR: "1", PGSSLMODE: "disable" },
  });
  const { success, stdout, stderr } = await cli.output();
  const printed = new TextDecoder().decode(stdout);
  if (success) return printed;
  throw new Error(withoutPassword((printed + new TextDecoder().decode(stderr)).trim(), databaseUrl));
}

/** Some errors of the CLI quote the connection string. */
function withoutPassword(text: string, databaseUrl: string): string {
  return text.replaceAll(new URL(databaseUrl).password, "…");
}
