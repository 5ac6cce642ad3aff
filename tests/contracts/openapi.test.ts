import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";
import { COMMON_ERRORS } from "../../supabase/functions/_shared/platform/contract.ts";
import { readContracts } from "../../local/openapi/contracts.ts";
import { openapiOf, written } from "../../local/openapi/document.ts";

const FILE = fileURLToPath(new URL("../../openapi.json", import.meta.url));
const contracts = await readContracts();
const operations = Object.entries(contracts).flatMap(([name, contract]) =>
  contract.operations.map((operation) => ({ ...operation, title: `${operation.method} ${name}${operation.path}` }))
);

Deno.test("openapi.json equals what `deno task openapi` writes", async () => {
  const kept = await Deno.readTextFile(FILE);
  assert.equal(kept, written(openapiOf(contracts)), "run `deno task openapi` and commit the file");
});

Deno.test("openapi.json is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(await Deno.readTextFile(FILE)));
  assert.deepEqual([valid, errors ?? []], [true, []]);
  assert.equal(validator.version, "3.1");
});

Deno.test("every $ref in openapi.json resolves", async () => {
  const document = JSON.parse(await Deno.readTextFile(FILE));
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path!);
  const lost = references.filter((path) => path.split("/").reduce((at, key) => at?.[key], document) === undefined);
  assert.deepEqual(lost, []);
  assert.ok(references.length > 0);
});

Deno.test("no two operations share a method and a path, and none lists an error code twice", () => {
  const titles = operations.map(({ title }) => title);
  assert.deepEqual(titles.filter((title, index) => titles.indexOf(title) !== index), []);
  for (const { title, errors } of operations) {
    const all = [...COMMON_ERRORS, ...errors];
    assert.deepEqual(all.filter((code, index) => all.indexOf(code) !== index), [], title);
  }
});

Deno.test("every operation has a summary of one sentence without a period, and a success response", () => {
  for (const { title, summary, responses } of operations) {
    assert.match(summary, /^[A-Z].*[^.]$/, title);
    const statuses = Object.keys(responses).map(Number);
    assert.ok(statuses.length > 0 && statuses.every((status) => status >= 200 && status < 300), title);
  }
});
