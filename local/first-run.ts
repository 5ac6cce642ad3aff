import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileExists } from "./files.ts";
import type { Log } from "./log.ts";
import { platformPackages } from "./platform-packages.ts";

const CHECKOUT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Downloads missing npm packages and logs a line first. Without this step Deno would fetch them one by one, silently,
 * while the stack starts and serves its first requests.
 */
export async function downloadOnFirstRun(log: Log): Promise<void> {
  if (!await isIncomplete()) return;
  log("First run: downloading Postgres, the Supabase CLI and libraries from npm (about 120 MB, can take minutes)");
  const started = performance.now();
  const command = new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", join(CHECKOUT, "local", "stack.ts"), ...platformPackages(), ...await functionFiles()],
    cwd: CHECKOUT,
    stdin: "null",
  });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`Cannot download the packages: ${new TextDecoder().decode(stderr).trim()}`);
  log(`Downloaded in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

/** Returns whether `node_modules` lacks one of the large packages, or one of those that are installed last. */
async function isIncomplete(): Promise<boolean> {
  const large = platformPackages().map((specifier) => specifier.replace(/^npm:/, "").replace("/", "+"));
  const folders = [...large.map((name) => join(".deno", name)), "@supabase/lite", "@supabase/server", "twilio"];
  const present = await Promise.all(folders.map((folder) => fileExists(join(CHECKOUT, "node_modules", folder))));
  return present.includes(false);
}

async function functionFiles(): Promise<string[]> {
  const folder = join(CHECKOUT, "supabase", "functions");
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => join(folder, name, "index.ts"));
  const present = await Promise.all(names.map(fileExists));
  return names.filter((_, index) => present[index]);
}
