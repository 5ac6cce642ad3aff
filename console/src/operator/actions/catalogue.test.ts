import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { contract } from "../../../../supabase/functions/admin/contract.ts";

type Operation = (typeof contract)["operations"][number];
type Action = Operation extends infer One ? One extends { method: "POST"; path: `/${infer Name}` } ? Name : never
  : never;

/** The folder of `operator` that has the form of each action of `admin`. The compiler finds a new action without one. */
const FOLDERS: Readonly<Record<Action, string>> = {
  "provision": "tenant",
  "suspend": "tenant",
  "resume": "tenant",
  "close": "tenant",
  "sync-tenant": "tenant",
  "rotate-token": "tenant",
  "cancel-subscription": "tenant",
  "set-tenant-limits": "tenant",
  "move-number": "tenant",
  "offer-number": "tenant",
  "set-number-send-rate": "tenant",
  "acknowledge-alert": "tenant",
  "settle-alert": "tenant",
  "replay": "tenant",
  "change-alerts": "alerts",
  "sweep": "reports",
  "rotate-sealing-keys": "reports",
  "set-plan-limits": "prices",
  "set-carrier-fee": "prices",
  "set-exchange-rate": "prices",
};

const read = (path: string) => Deno.readTextFile(fileURLToPath(new URL(path, import.meta.url)));

Deno.test("every action of admin has a form in the console, which calls its method of the client", async () => {
  const client = await read("../../../../client/switchboard.ts");
  const methods = new Map(
    [...client.matchAll(/\n {2}(\w+)\([^{]*\{\n {4}return this\.#call\("POST", "admin\/([a-z-]+)"/g)].map(
      ([, method, name]) => [name!, method!],
    ),
  );
  const actions = contract.operations.filter(({ method }) => method === "POST").map(({ path }) => path.slice(1));
  assert.deepEqual(Object.keys(FOLDERS).sort(), actions.toSorted());
  const without: string[] = [];
  for (const [name, folder] of Object.entries(FOLDERS)) {
    assert.ok(methods.has(name), `the client has no method for ${name}`);
    if (!(await sourcesOf(folder)).includes(`admin.${methods.get(name)}(`)) without.push(`${name} in ${folder}`);
  }
  assert.deepEqual(without, []);
});

async function sourcesOf(folder: string): Promise<string> {
  const path = fileURLToPath(new URL(`../${folder}/`, import.meta.url));
  const sources: string[] = [];
  for await (const { name } of Deno.readDir(path)) {
    if (name.endsWith(".tsx")) sources.push(await Deno.readTextFile(path + name));
  }
  return sources.join("\n");
}
