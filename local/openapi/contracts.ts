import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Contract } from "../../supabase/functions/_shared/platform/contract.ts";

const FUNCTIONS = fileURLToPath(new URL("../../supabase/functions", import.meta.url));

/** The contracts of all deployed functions by function name, sorted by name. */
export type Contracts = Readonly<Record<string, Contract>>;

/** @throws Error with the name of a function that has no contract */
export async function readContracts(): Promise<Contracts> {
  const names = await functionNames();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await contractOf(name)] as const)));
}

async function functionNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(FUNCTIONS)) {
    if (isDirectory && !name.startsWith("_")) names.push(name);
  }
  return names.sort();
}

async function contractOf(name: string): Promise<Contract> {
  const file = join(FUNCTIONS, name, "contract.ts");
  const exists = await Deno.stat(file).then(() => true, () => false);
  if (!exists) throw new Error(`Cannot describe "${name}": supabase/functions/${name}/contract.ts is missing`);
  const { contract } = await import(pathToFileURL(file).href) as { contract?: Contract };
  if (contract === undefined) throw new Error(`Cannot describe "${name}": its contract.ts exports no "contract"`);
  return contract;
}
