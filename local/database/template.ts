import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileExists } from "../files.ts";
import { withLock } from "../locks.ts";
import type { Log } from "../log.ts";
import { SUPABASE_CLI_VERSION } from "../platform-packages.ts";
import { freePort } from "../ports.ts";
import { type Account, changeOwner } from "../postgres/account.ts";
import { openCluster } from "../postgres/cluster.ts";
import type { Distribution } from "../postgres/distribution.ts";
import { startServerNear } from "../postgres/server.ts";
import { openSecrets } from "../secrets.ts";
import { AUTH_HELPERS_SQL, PLATFORM_SQL, prepareDatabase } from "./prepare.ts";

export interface TemplateOptions {
  /** The folder that contains the templates of this checkout (under root: of this machine). */
  folder: string;
  projectDir: string;
  distribution: Distribution;
  account: Account | undefined;
  log: Log;
}

/** Enough templates for a few branches and for tests with their own migrations. */
const MAX_TEMPLATES = 8;

/**
 * Copies a prepared data folder to `home`: the cluster, its password and the secrets.
 *
 * Preparation takes seconds and tests start many ephemeral stacks, so the result is kept as a template. The name of a
 * template is a hash of all its inputs: any change produces a new template. The least recently used templates are
 * removed.
 */
export async function copyTemplate(home: string, options: TemplateOptions): Promise<void> {
  const template = join(options.folder, await fingerprint(options));
  const lock = join(options.folder, "lock");
  if (!await fileExists(template)) {
    await withLock(lock, "exclusive", async () => {
      if (await fileExists(template)) return; // Another process made it while this one waited for the lock.
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
  log("Preparing the template database for ephemeral stacks: the migrations or other inputs changed");
  const draft = await Deno.makeTempDir({ dir: options.folder, prefix: "draft-" });
  try {
    await changeOwner(account, draft);
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

/**
 * Removes the least recently used templates and all drafts. The caller holds the exclusive lock, so a draft that exists
 * was left by a process that ended.
 */
async function prune(folder: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(folder), async ({ name, isDirectory }) => {
    const path = join(folder, name);
    const { mtime } = await Deno.stat(path);
    return { path, isDirectory, isDraft: name.startsWith("draft-"), used: mtime?.getTime() ?? 0 };
  });
  const folders = entries.filter((entry) => entry.isDirectory);
  const templates = folders.filter((entry) => !entry.isDraft).sort((a, b) => b.used - a.used);
  const old = [...templates.slice(MAX_TEMPLATES - 1), ...folders.filter((entry) => entry.isDraft)];
  for (const { path } of old) await Deno.remove(path, { recursive: true });
}

/** The source files that determine the content of a template. */
const LOCAL_SOURCES = ["prepare.ts", "demo-users.ts", "data-api.ts", "../secrets.ts", "../postgres/cluster.ts"];

/** Hashes no path of this machine, so that two checkouts with equal content can share a template. */
async function fingerprint({ projectDir, distribution }: TemplateOptions): Promise<string> {
  const hash = createHash("sha256").update(`${distribution.version} ${SUPABASE_CLI_VERSION} ${liteVersion()}\n`);
  for (const url of [PLATFORM_SQL, AUTH_HELPERS_SQL, ...LOCAL_SOURCES.map((name) => new URL(name, import.meta.url))]) {
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

/** Returns the files below `supabase/` that determine the content of the database. */
async function projectFiles(supabase: string): Promise<string[]> {
  const migrations = join(supabase, "migrations");
  const names = await fileExists(migrations) ? await Array.fromAsync(Deno.readDir(migrations), ({ name }) => name) : [];
  const settings = ["config.toml", "seed.sql"];
  const present = await Promise.all(settings.map((name) => fileExists(join(supabase, name))));
  return [...settings.filter((_, index) => present[index]), ...names.sort().map((name) => join("migrations", name))];
}

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot copy the template database: ${new TextDecoder().decode(stderr).trim()}`);
}
