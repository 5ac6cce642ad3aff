import { supabaseCliProgram } from "../platform-packages.ts";

/** Runs the Supabase CLI against a database and returns what it printed. @throws Error with its words when it failed */
export async function runSupabaseCli(
  args: string[],
  options: { projectDir: string; databaseUrl: string },
): Promise<string> {
  const { projectDir, databaseUrl } = options;
  const cli = new Deno.Command(await supabaseCliProgram(), {
    args: [...args, `--remote=${databaseUrl}`, "--workdir", projectDir, "--yes", "--agent", "no"],
    cwd: projectDir,
    stdin: "null",
    // The embedded Postgres speaks no TLS, and a warning about that would stand in what is printed.
    env: { SUPABASE_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", NO_COLOR: "1", PGSSLMODE: "disable" },
  });
  const { success, stdout, stderr } = await cli.output();
  const printed = new TextDecoder().decode(stdout);
  if (success) return printed;
  throw new Error(withoutPassword((printed + new TextDecoder().decode(stderr)).trim(), databaseUrl));
}

/** The CLI quotes the address it was given in some of its errors. */
function withoutPassword(text: string, databaseUrl: string): string {
  return text.replaceAll(new URL(databaseUrl).password, "…");
}
