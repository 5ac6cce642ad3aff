import { ensureConsoleBuilt } from "../console/build.ts";
import { LIMITS, measureSizes } from "../console/sizes.ts";
import { progress } from "./measure.ts";
import type { Row } from "./table.ts";

/** What the console's page and each of its screens load, after gzip. */
export async function consoleRows(): Promise<Row[]> {
  const { firstLoad, screens, largestChunk } = await measureSizes(await ensureConsoleBuilt(progress));
  const row = (measure: string, bytes: number, limit: number): Row => ({
    measure,
    value: bytes / 1000,
    unit: "KB",
    goal: { atMost: limit / 1000 },
  });
  return [
    row("console: first load, at sign-in", firstLoad, LIMITS.firstLoad),
    ...Object.entries(screens).map(([name, bytes]) => row(`console: JavaScript of ${name}`, bytes, LIMITS.screen)),
    row(`console: largest file loaded later (${largestChunk.file})`, largestChunk.bytes, LIMITS.chunk),
  ];
}
