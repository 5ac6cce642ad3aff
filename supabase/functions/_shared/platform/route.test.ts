import assert from "node:assert/strict";
import fc from "fast-check";
import type { Contract } from "./contract.ts";
import { ApiError } from "./errors.ts";
import { router } from "./route.ts";

const operation = (method: "GET" | "POST", path: string) => ({ method, path, summary: "x", responses: {}, errors: [] });
const contract: Contract = {
  caller: "user",
  operations: [
    operation("GET", ""),
    operation("GET", "/{campaignId}"),
    operation("POST", "/{campaignId}/pause"),
    operation("GET", "/{campaignId}/media/{index}"),
  ],
};
const routeOf = router(contract);
const ask = (method: string, path: string) => routeOf(new Request(`http://functions/campaigns${path}`, { method }));

/** The status that a request to a path gets, 200 for a known one. */
function statusOf(method: string, path: string): number {
  try {
    ask(method, path);
    return 200;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error.status;
  }
}

Deno.test("an id in a path is read in any case as Postgres prints it, and other parameters stay as they are", () => {
  fc.assert(fc.property(fc.uuid(), fc.array(fc.boolean(), { minLength: 36, maxLength: 36 }), (id, capitals) => {
    const written = [...id].map((letter, index) => capitals[index] ? letter.toUpperCase() : letter).join("");
    assert.equal(ask("POST", `/${written}/pause`).parameters["campaignId"], id);
    assert.deepEqual(ask("GET", `/${written}/media/A0`).parameters, { campaignId: id, index: "A0" });
  }));
});

Deno.test("no other spelling of a path is the path", () => {
  const known = "/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d/pause";
  assert.equal(statusOf("POST", known), 200);
  const addition = fc.constantFrom("/", "%2F", "%20", "%00", ";x", "x", "//", ".json", "%E2%80%8B");
  fc.assert(fc.property(fc.nat(known.length), addition, (at, added) => {
    assert.equal(statusOf("POST", known.slice(0, at) + added + known.slice(at)), 404);
  }));
  fc.assert(fc.property(fc.nat(known.length - 1), (at) => {
    assert.equal(statusOf("POST", known.slice(0, at) + known.slice(at + 1)), 404);
  }));
});

Deno.test("another method of a known path is 405, and any method of an unknown one 404", () => {
  const id = crypto.randomUUID();
  assert.equal(statusOf("POST", `/${id}`), 405);
  assert.equal(statusOf("GET", `/${id}/pause`), 405);
  assert.equal(statusOf("POST", `/${id}/stop`), 404);
});
