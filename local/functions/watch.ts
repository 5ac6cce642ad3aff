import { join } from "node:path";
import type { Log } from "../log.ts";

/** Editors and version control write many files in a row: one restart for all of them, after so many quiet milliseconds. */
const QUIET = 200;

/** Calls `restart` whenever a source of the functions has changed. */
export function watchFunctions(projectDir: string, restart: () => Promise<void>, log: Log): { stop(): void } {
  const watcher = Deno.watchFs(join(projectDir, "supabase", "functions"));
  let timer: ReturnType<typeof setTimeout> | undefined;
  async function changed(): Promise<void> {
    log("functions: the sources changed; starting them again");
    await restart().catch((error: unknown) => log(`functions: ${error instanceof Error ? error.message : error}`));
  }
  (async () => {
    for await (const { kind, paths } of watcher) {
      if (kind === "access" || !paths.some(isSource)) continue;
      clearTimeout(timer);
      timer = setTimeout(changed, QUIET);
    }
  })();
  return {
    stop() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}

function isSource(path: string): boolean {
  return /\.(ts|tsx|js|json|sql)$/.test(path) && !path.endsWith(".test.ts");
}
