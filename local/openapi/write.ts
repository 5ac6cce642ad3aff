// `deno task openapi`: generates openapi.json from the contracts, and the client's models from openapi.json. The tests
// in tests/contracts fail if one of them is out of date.
import { fileURLToPath } from "node:url";
import { withModels } from "./client-models.ts";
import { readContracts } from "./contracts.ts";
import { openapiOf, written } from "./document.ts";

const DOCUMENT = fileURLToPath(new URL("../../openapi.json", import.meta.url));
const CLIENT = fileURLToPath(new URL("../../client/switchboard.ts", import.meta.url));

const contracts = await readContracts();
const document = openapiOf(contracts);
await Deno.writeTextFile(DOCUMENT, written(document));
const operations = Object.values(contracts).flatMap((contract) => contract.operations);
console.log(`openapi.json: ${operations.length} operations of ${Object.keys(contracts).length} functions`);
await Deno.writeTextFile(CLIENT, await withModels(await Deno.readTextFile(CLIENT), document));
console.log("client/switchboard.ts: the models");
