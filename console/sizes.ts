import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** The file below `dist` that says which file imports which, written by Vite. */
export const MANIFEST = "manifest.json";

/** What a page load may cost, in bytes after gzip. */
export const LIMITS = {
  /** The page, its scripts and its styles, until a visitor can sign in. */
  firstLoad: 240_000,
  /**
   * The JavaScript that a screen needs besides that of the sign-in screen and of the frame around all screens; or that a part
   * of a screen, such as an open conversation, needs besides that of its screen.
   */
  screen: 100_000,
  /** One file that is loaded on first use, such as the charts. */
  chunk: 160_000,
} as const;

/** The sizes of a build, in bytes after gzip. */
export interface Sizes {
  /** HTML, JavaScript and CSS. */
  firstLoad: number;
  /** The JavaScript of each screen and part, by the name of its module: `inbox-screen`, `…-pane`. The frame is `shell`. */
  screens: Record<string, number>;
  /** The largest file of JavaScript that the first load does not need. */
  largestChunk: { file: string; bytes: number };
}

/** An entry of Vite's manifest. Its key is the path of a module, or names a shared file. */
interface Chunk {
  file: string;
  name?: string;
  isEntry?: boolean;
  isDynamicEntry?: boolean;
  imports?: string[];
  dynamicImports?: string[];
  css?: string[];
}

type Manifest = Readonly<Record<string, Chunk>>;

/** Measures a build in `dist`. @throws Error when the build has no manifest */
export async function measureSizes(dist: string): Promise<Sizes> {
  const manifest = JSON.parse(await readFile(join(dist, MANIFEST), "utf8")) as Manifest;
  const bytes = async (files: Iterable<string>) => {
    const sizes = await Promise.all([...new Set(files)].map((file) => gzipped(join(dist, file))));
    return sizes.reduce((sum, size) => sum + size, 0);
  };
  const entry = Object.keys(manifest).find((key) => manifest[key]!.isEntry === true);
  if (entry === undefined) throw new Error(`Cannot measure the console: "${MANIFEST}" has no entry`);
  const first = chunksOf(manifest, [entry]);
  const shell = Object.keys(manifest).find((key) => manifest[key]!.name === "shell");
  const frame = shell === undefined ? first : chunksOf(manifest, [entry, shell]);

  const screens: Record<string, number> = {};
  for (const [key, { name = key }] of Object.entries(manifest)) {
    const isPart = name.endsWith("-pane");
    if (manifest[key]!.isDynamicEntry !== true || !(key === shell || isPart || name.endsWith("-screen"))) continue;
    const parents = isPart
      ? Object.keys(manifest).filter((other) => manifest[other]!.dynamicImports?.includes(key))
      : [];
    const loaded = key === shell ? first : chunksOf(manifest, parents, new Set(frame));
    screens[name] = await bytes(scripts(manifest, chunksOf(manifest, [key]).difference(loaded)));
  }
  const others = scripts(manifest, new Set(Object.keys(manifest)).difference(first));
  const measured = await Promise.all(others.map(async (file) => ({ file, bytes: await gzipped(join(dist, file)) })));
  const styles = [...first].flatMap((key) => manifest[key]!.css ?? []);
  return {
    firstLoad: await bytes(["index.html", "color-scheme.js", "favicon.svg", ...scripts(manifest, first), ...styles]),
    screens,
    largestChunk: measured.reduce((largest, other) => other.bytes > largest.bytes ? other : largest),
  };
}

/** The keys of the chunks that are loaded together with some. */
function chunksOf(manifest: Manifest, keys: readonly string[], seen = new Set<string>()): Set<string> {
  for (const key of keys) {
    if (seen.has(key)) continue;
    seen.add(key);
    chunksOf(manifest, manifest[key]?.imports ?? [], seen);
  }
  return seen;
}

function scripts(manifest: Manifest, keys: Iterable<string>): string[] {
  return [...new Set([...keys].map((key) => manifest[key]!.file).filter((file) => file.endsWith(".js")))];
}

const compress = promisify(gzip);

async function gzipped(path: string): Promise<number> {
  return (await compress(await readFile(path), { level: 9 })).byteLength;
}
