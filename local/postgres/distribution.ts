import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pgmq } from "@electric-sql/pglite-pgmq";
import { pgtap } from "@electric-sql/pglite-pgtap";
import { fileExists } from "../files.ts";
import { type Log, timed } from "../log.ts";
import { POSTGRES_VERSION, postgresPackageFolder } from "../platform-packages.ts";
import { withLock } from "../locks.ts";

/** A copy of Postgres that any user can run, with the extensions pgTAP and pgmq. */
export interface Distribution {
  initdb: string;
  postgres: string;
  /** Differs for any different content of the copy. */
  version: string;
}

/**
 * Makes the copy in `folder`, once per version, and returns its paths.
 *
 * A copy is necessary for three reasons: the user `postgres` may be unable to read the checkout, the npm package lacks
 * its symbolic links until an install script runs, and the extensions must be inside `share` without changing
 * `node_modules`.
 */
export async function prepareDistribution(folder: string, log: Log): Promise<Distribution> {
  const bundles = await Promise.all([pgtap, pgmq].map(bundleOf));
  const version = `postgres-${POSTGRES_VERSION}-${await fingerprint(bundles)}`;
  const home = join(folder, version);
  const distribution = { initdb: join(home, "bin/initdb"), postgres: join(home, "bin/postgres"), version };
  if (await fileExists(home)) return distribution;
  await withLock(join(folder, "distribution.lock"), "exclusive", async () => {
    if (await fileExists(home)) return;
    await timed(log, `Prepared Postgres in ${home}`, () => copyDistribution(home, bundles));
  });
  return distribution;
}

async function copyDistribution(home: string, bundles: string[]): Promise<void> {
  const source = await postgresPackageFolder();
  const draft = await Deno.makeTempDir({ dir: dirname(home), prefix: "draft-" });
  try {
    await run("cp", ["-R", ...["bin", "lib", "share"].map((part) => join(source, part)), draft]);
    await makeLinks(source, draft);
    for (const bundle of bundles) await run("tar", ["-xzf", bundle, "-C", draft]);
    await run("chmod", ["-R", "u=rwX,go=rX", draft]);
    await Deno.rename(draft, home); // Atomic: no other process sees an incomplete copy.
  } catch (error) {
    await Deno.remove(draft, { recursive: true });
    throw error;
  }
}

/** Creates the symbolic links that the package lists in a file, because npm packages cannot contain any. */
async function makeLinks(source: string, draft: string): Promise<void> {
  const listed = JSON.parse(await Deno.readTextFile(join(source, "pg-symlinks.json"))) as Link[];
  for (const link of listed) {
    const path = join(draft, link.target.replace(/^native\//, ""));
    if (await fileExists(path)) await Deno.remove(path);
    await Deno.symlink(link.source.replace(/^.*\//, ""), path);
  }
}

interface Link {
  /** The linked file, for example `native/lib/libpq.so.5.17`. It is always in the folder of the link. */
  source: string;
  /** The link, for example `native/lib/libpq.so.5`. */
  target: string;
}

async function bundleOf(extension: typeof pgtap | typeof pgmq): Promise<string> {
  // Both packages are written for PGlite and return the path of their archive only from its setup function.
  const { bundlePath } = await extension.setup(undefined as never, {});
  return fileURLToPath(bundlePath);
}

async function fingerprint(bundles: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const bundle of bundles) hash.update(await Deno.readFile(bundle));
  return hash.digest("hex").slice(0, 12);
}

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot prepare Postgres: "${program}": ${new TextDecoder().decode(stderr).trim()}`);
}
