import { join } from "node:path";
import type { Log } from "../log.ts";

/** The restart waits until no file changed for this long, because editors and git write many files in a row. */
const QUIET_MS = 200;

/** Calls `restart` when a source file of the functions changed. */
export function watchFunctions(projectDir: string, restart: () => Promise<void>, log: Log): { stop(): void } {
  const watcher = Deno.watchFs(join(projectDir, "supabase", "functions"));
  let timer: ReturnType<typeof setTimeout> | undefined;
  async function changed(): Promise<void> {
    log("functions: the sources changed; restarting");
    await restart().catch((error: unknown) => log(`functions: ${error instanceof Error ? error.message : error}`));
  }
  (async () => {
    for await (const { kind, paths } of watcher) {
      if (kind === "access" || !paths.some(isSource)) continue;
      clearTimeout(timer);
      timer = setTimeout(changed, QUIET_MS);
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
