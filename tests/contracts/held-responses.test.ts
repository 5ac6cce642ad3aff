import assert from "node:assert/strict";
import * as z from "zod";
import type { Answer } from "../../local/driver/actor.ts";
import type { Operation } from "../../supabase/functions/_shared/platform/contract.ts";
import { assertHeld, operationAt } from "../support/held-responses.ts";

const pause: Operation = {
  method: "POST",
  path: "/{id}/pause",
  summary: "Pauses one",
  responses: { 200: z.strictObject({ id: z.string() }), 204: null },
  errors: ["number_taken"],
};

const response = (status: number, body: unknown): Answer => ({ status, headers: new Headers(), body });
const errorResponse = (status: number, code: string) => response(status, { code, message: "Cannot", requestId: "1" });

const ACCEPTED: Record<string, Answer> = {
  "a response declared by the contract": response(200, { id: "1" }),
  "an empty response where one is declared": response(204, ""),
  "a declared error": errorResponse(409, "number_taken"),
  "an error common to all endpoints": errorResponse(401, "unauthorized"),
};

const REFUSED: Record<string, Answer> = {
  "a body with an additional field": response(200, { id: "1", token: "x" }),
  "a body without a field": response(200, {}),
  "another success status": response(201, { id: "1" }),
  "an error of another operation": errorResponse(403, "subaccount_closed"),
  "an unknown error": errorResponse(418, "teapot"),
  "an error with another status": errorResponse(400, "number_taken"),
  "an error with an additional field": response(409, {
    code: "number_taken",
    message: "Cannot",
    requestId: "1",
    stack: "x",
  }),
};

for (const [title, given] of Object.entries(ACCEPTED)) {
  Deno.test(`assertHeld accepts ${title}`, () => assertHeld("POST jobs/1/pause", pause, given));
}

for (const [title, given] of Object.entries(REFUSED)) {
  Deno.test(`assertHeld refuses ${title}`, () => {
    assert.throws(() => assertHeld("POST jobs/1/pause", pause, given), assert.AssertionError);
  });
}

Deno.test("assertHeld refuses a success without an operation, and accepts an error", () => {
  assert.throws(() => assertHeld("GET jobs", null, response(200, {})), assert.AssertionError);
  assertHeld("GET jobs", null, errorResponse(404, "not_found"));
});

Deno.test("assertHeld accepts a CSV file where the contract offers one, with 200 alone", () => {
  const list: Operation = { ...pause, responses: { 200: z.strictObject({}), 202: z.strictObject({}) }, csv: true };
  const file = (status: number): Answer => ({
    status,
    headers: new Headers({ "content-type": "text/csv; charset=utf-8" }),
    body: "id\r\n",
  });
  assertHeld("GET jobs", list, file(200));
  assert.throws(() => assertHeld("GET jobs", list, file(202)), assert.AssertionError);
  assert.throws(() => assertHeld("GET jobs", pause, file(200)), assert.AssertionError);
});

Deno.test("operationAt returns the operation of a path with parameters, and null for an unknown path", () => {
  const contracts = { jobs: { caller: "user", operations: [pause] } } as const;
  assert.equal(operationAt(contracts, "POST", "jobs/17/pause"), pause);
  for (const path of ["jobs", "jobs/", "jobs/17/pause/", "jobs/17", "jobs//pause", "toString/17/pause", ""]) {
    assert.equal(operationAt(contracts, "POST", path), null, path);
  }
  assert.equal(operationAt(contracts, "GET", "jobs/17/pause"), null);
});
