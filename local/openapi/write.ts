// `deno task openapi`: writes openapi.json from the contracts. `openapi.test.ts` fails where the two differ.
import { fileURLToPath } from "node:url";
import { readContracts } from "./contracts.ts";
import { openapiOf, written } from "./document.ts";

const FILE = fileURLToPath(new URL("../../openapi.json", import.meta.url));

const contracts = await readContracts();
await Deno.writeTextFile(FILE, written(openapiOf(contracts)));
const operations = Object.values(contracts).flatMap((contract) => contract.operations);
console.log(`openapi.json: ${operations.length} operations of ${Object.keys(contracts).length} functions`);
