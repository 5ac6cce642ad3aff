import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileExists } from "../files.ts";
import { withLock } from "../locks.ts";
import type { Log } from "../log.ts";
import { SUPABASE_CLI_VERSION } from "../platform-packages.ts";
import { freePort } from "../ports.ts";
import { type Account, giveTo } from "../postgres/account.ts";
import { openCluster } from "../postgres/cluster.ts";
import type { Distribution } from "../postgres/distribution.ts";
import { startServerNear } from "../postgres/server.ts";
import { openSecrets } from "../secrets.ts";
import { AUTH_HELPERS_SQL, PLATFORM_SQL, prepareDatabase } from "./prepare.ts";

export interface TemplateOptions {
  /** Where the templates of this machine or checkout are kept. */
  folder: string;
  projectDir: string;
  distribution: Distribution;
  account: Account | undefined;
  log: Log;
}

/** How many templates are kept: those of a few branches and of tests that bring migrations of their own. */
const KEPT = 8;

/**
 * Fills `home` with a data folder that is already prepared: the cluster, its password and the secrets.
 *
 * Preparing takes seconds, and tests start many ephemeral stacks, so the result is kept and copied. It is named by a hash
 * of all that went into it: with any change a new one is made, and of the old ones the least used are removed.
 */
export async function copyTemplate(home: string, options: TemplateOptions): Promise<void> {
  const template = join(options.folder, await fingerprint(options));
  const lock = join(options.folder, "lock");
  if (!await fileExists(template)) {
    await withLock(lock, "exclusive", async () => {
      if (await fileExists(template)) return; // Somebody else made it while this one waited.
      await prune(options.folder);
      await makeTemplate(template, options);
    });
  }
  await withLock(lock, "shared", async () => {
    await Deno.utime(template, new Date(), new Date());
    await run("cp", ["-Rp", ...Deno.build.os === "linux" ? ["--reflink=auto"] : [], `${template}/.`, home]);
  });
}

async function makeTemplate(template: string, options: TemplateOptions): Promise<void> {
  const { distribution, account, projectDir, log } = options;
  log("Preparing a database that ephemeral stacks are copied from, for the first time since the migrations changed");
  const draft = await Deno.makeTempDir({ dir: options.folder, prefix: "draft-" });
  try {
    await giveTo(account, draft);
    const secrets = await openSecrets(join(draft, "secrets.json"));
    const cluster = await openCluster(draft, distribution, account);
    const server = await startServerNear({ cluster, distribution, account, port: freePort(), durable: false, log });
    try {
      await prepareDatabase({ url: server.url, projectDir, dataDir: draft, secrets, log });
    } finally {
      await server.stop();
    }
    await Deno.rename(draft, template);
  } catch (error) {
    await Deno.remove(draft, { recursive: true });
    throw error;
  }
}

/** Removes all but the templates used last, and drafts, whose makers are gone: the lock is held. */
async function prune(folder: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(folder), async ({ name, isDirectory }) => {
    const path = join(folder, name);
    const { mtime } = await Deno.stat(path);
    return { path, isDirectory, isDraft: name.startsWith("draft-"), used: mtime?.getTime() ?? 0 };
  });
  const folders = entries.filter((entry) => entry.isDirectory);
  const templates = folders.filter((entry) => !entry.isDraft).sort((a, b) => b.used - a.used);
  const old = [...templates.slice(KEPT - 1), ...folders.filter((entry) => entry.isDraft)];
  for (const { path } of old) await Deno.remove(path, { recursive: true });
}

/** The sources of ours that decide what a prepared database looks like. */
const OURS = ["prepare.ts", "demo-users.ts", "data-api.ts", "../secrets.ts", "../postgres/cluster.ts"];

/** Names no folder of this machine: two checkouts of the same state share a template. */
async function fingerprint({ projectDir, distribution }: TemplateOptions): Promise<string> {
  const hash = createHash("sha256").update(`${distribution.version} ${SUPABASE_CLI_VERSION} ${liteVersion()}\n`);
  for (const url of [PLATFORM_SQL, AUTH_HELPERS_SQL, ...OURS.map((name) => new URL(name, import.meta.url))]) {
    hash.update(await Deno.readFile(url));
  }
  const supabase = join(projectDir, "supabase");
  for (const name of await projectFiles(supabase)) {
    hash.update(`${name}\n`).update(await Deno.readFile(join(supabase, name)));
  }
  return hash.digest("hex").slice(0, 16);
}

function liteVersion(): string {
  const url = import.meta.resolve("@supabase/lite");
  return url.match(/@supabase\+lite@[^/]+/)?.[0] ?? url;
}

/** Names what the database is made from, below `supabase/`. */
async function projectFiles(supabase: string): Promise<string[]> {
  const migrations = join(supabase, "migrations");
  const names = await fileExists(migrations) ? await Array.fromAsync(Deno.readDir(migrations), ({ name }) => name) : [];
  const settings = ["config.toml", "seed.sql"];
  const present = await Promise.all(settings.map((name) => fileExists(join(supabase, name))));
  return [...settings.filter((_, index) => present[index]), ...names.sort().map((name) => join("migrations", name))];
}

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot copy the prepared database: ${new TextDecoder().decode(stderr).trim()}`);
}
