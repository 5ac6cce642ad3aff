import assert from "node:assert/strict";
import type { Contract, Operation } from "../../supabase/functions/_shared/platform/contract.ts";
import { functionsInProcess, type InProcess } from "./in-process.ts";

let running: InProcess;
Deno.test.beforeAll(async () => {
  running = await functionsInProcess();
});
Deno.test.afterAll(() => running[Symbol.dispose]());

const ID = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

/** Every operation with its function, except those of the webhooks. */
function operations(): { name: string; contract: Contract; operation: Operation; path: string }[] {
  return Object.entries(running.contracts).filter(([, { caller }]) => caller !== "twilio" && caller !== "stripe")
    .flatMap(([name, contract]) =>
      contract.operations.map((operation) => ({
        name,
        contract,
        operation,
        path: name + operation.path.replaceAll(/\{\w+\}/g, ID),
      }))
    );
}

const bodyOf = (method: string, body: unknown = {}): RequestInit => ({
  method,
  ...(method === "POST" && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
});

const call = ({ caller }: Contract, name: string, path: string, method: string) =>
  running.call(name, path, { ...bodyOf(method), caller });

async function refusalOf(response: Response) {
  const { code, details } = await response.json();
  return { status: response.status, code, fields: details?.map(({ field }: { field: string }) => field) };
}

Deno.test("only the two webhooks may ignore parts of their path and query", () => {
  const all = new Set(Object.keys(running.contracts));
  operations().forEach(({ name }) => all.delete(name));
  assert.deepEqual([...all], ["stripe-webhook", "twilio-webhook"]);
});

Deno.test("every operation refuses unknown query parameters before it acts: release-number?dryRun=true releases nothing", async () => {
  const queries: Record<string, string[]> = {
    "?dryRun=true": ["dryRun"],
    "?%64ryRun": ["dryRun"],
    "?x": ["x"],
    "?=1": [""],
    "?__proto__=1": ["__proto__"],
    "?forceFunctionRegion=eu-west-1&y=1": ["y"],
    "?forcefunctionregion=eu-west-1": ["forcefunctionregion"],
    "?x=1&x=2": ["x"],
  };
  const before = running.outgoing();
  for (const { name, contract, operation: { method }, path } of operations()) {
    for (const [query, fields] of Object.entries(queries)) {
      const response = await call(contract, name, path + query, method);
      const expected = { status: 400, code: "invalid_input", fields };
      const { fields: refused, ...refusal } = await refusalOf(response);
      // A required parameter is missing as well.
      const unknown = refused?.filter((field: string) => fields.includes(field));
      assert.deepEqual({ ...refusal, fields: unknown }, expected, `${method} ${path}${query}`);
    }
  }
  assert.equal(running.outgoing(), before);
});

Deno.test("every function refuses unknown paths before it acts: send-bulk/validate sends nothing", async () => {
  const before = running.outgoing();
  for (const { name, contract, operation: { method }, path } of operations()) {
    const paths = [
      `${path}/`,
      `/${path}`,
      `${path}//`,
      `${path}/validate`,
      `${path}/${ID}/x`,
      `${path}/%2e%2e%2f`,
      `${path}/%00`,
      `${path}%2Fvalidate`,
      `${path};dryRun=true`,
      `${path.replace("/", "//")}/.`,
      ...(path.includes("/") ? [`${path}x`, `${path}%20`, `${path};v=1`, path.replace("/", "%2F/"), `${path}%2F`] : []),
    ];
    for (const unknown of paths) {
      const response = await call(contract, name, unknown, method);
      assert.deepEqual([response.status, (await response.json()).code], [404, "not_found"], `${method} ${unknown}`);
    }
  }
  assert.equal(running.outgoing(), before);
});

Deno.test("every path refuses the methods that it does not have with 405 and its own Allow, HEAD included", async () => {
  const before = running.outgoing();
  for (const { name, contract, operation, path } of operations()) {
    const ofFunction = [...new Set(contract.operations.map(({ method }) => method))];
    const ofPath = contract.operations.filter((other) => other.path === operation.path).map(({ method }) => method);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]) {
      if ((ofPath as string[]).includes(method)) continue;
      const response = await call(contract, name, path, method);
      assert.equal(response.status, 405, `${method} ${path}`);
      const isOfFunction = (ofFunction as string[]).includes(method);
      const allowed = isOfFunction ? ofPath : ofFunction;
      assert.equal(response.headers.get("allow"), [...allowed.toSorted(), "OPTIONS"].join(", "), `${method} ${name}`);
    }
  }
  assert.equal(running.outgoing(), before);
});

Deno.test("without a credential unknown paths and parameters are 401 like known ones, so that they reveal nothing", async () => {
  for (const { name, operation: { method }, path } of operations()) {
    for (const tried of [path, `${path}/validate`, `${path}?x=1`]) {
      const response = await running.call(name, tried, bodyOf(method));
      assert.deepEqual([response.status, (await response.json()).code], [401, "unauthorized"], tried);
    }
  }
});

Deno.test("a browser may send every request header that a contract reads", async () => {
  const origin = "https://app.example.com";
  const read = operations().flatMap(({ name, path, operation: { headers = {} } }) =>
    Object.keys(headers).map((header) => ({ name, path, header: header.toLowerCase() }))
  );
  assert.deepEqual([...new Set(read.map(({ header }) => header))].toSorted(), ["idempotency-key", "range"]);
  for (const { name, path, header } of read) {
    const preflight = await running.call(name, path, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-headers": header },
    });
    assert.equal(preflight.headers.get("access-control-allow-origin"), origin);
    const allowed = preflight.headers.get("access-control-allow-headers")!.split(", ");
    assert.ok(allowed.includes(header), `${name}: ${header}`);
  }
});

Deno.test("every operation runs with forceFunctionRegion, and with an id in capitals in its path", async () => {
  for (const { name, contract, operation: { method }, path } of operations()) {
    for (const accepted of [`${path}?forceFunctionRegion=eu-west-1`, path.replace(ID, ID.toUpperCase())]) {
      const before = running.outgoing();
      const response = await call(contract, name, accepted, method);
      const { code, details = [] } = response.status === 200 ? { code: null } : await response.json();
      // It called the database, or only its body was refused.
      const isOfBody = code === "invalid_input" && !JSON.stringify(details).includes("unknown_field");
      assert.ok(running.outgoing() > before || isOfBody, `${method} ${accepted}: ${response.status} ${code}`);
    }
  }
});
