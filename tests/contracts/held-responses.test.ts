import assert from "node:assert/strict";
import { z } from "zod";
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

const HELD: Record<string, Answer> = {
  "what the contract says": response(200, { id: "1" }),
  "nothing, where it says nothing": response(204, ""),
  "an error of its own": errorResponse(409, "number_taken"),
  "an error of every endpoint": errorResponse(401, "unauthorized"),
};

const AMISS: Record<string, Answer> = {
  "a field more": response(200, { id: "1", token: "x" }),
  "a field less": response(200, {}),
  "another success": response(201, { id: "1" }),
  "an error of another operation": errorResponse(403, "subaccount_closed"),
  "an error nobody knows": errorResponse(418, "teapot"),
  "an error under another status": errorResponse(400, "number_taken"),
  "an error with a field more": response(409, { code: "number_taken", message: "Cannot", requestId: "1", stack: "x" }),
};

for (const [title, given] of Object.entries(HELD)) {
  Deno.test(`a response that is ${title} is let through`, () => assertHeld("POST jobs/1/pause", pause, given));
}

for (const [title, given] of Object.entries(AMISS)) {
  Deno.test(`a response that is ${title} is found`, () => {
    assert.throws(() => assertHeld("POST jobs/1/pause", pause, given), assert.AssertionError);
  });
}

Deno.test("a success where no contract names an operation is found, and an error there is let through", () => {
  assert.throws(() => assertHeld("GET jobs", null, response(200, {})), assert.AssertionError);
  assertHeld("GET jobs", null, errorResponse(404, "not_found"));
});

Deno.test("a path is led to its operation, with whatever stands in it, and an odd one to none", () => {
  const contracts = { jobs: { caller: "user", operations: [pause] } } as const;
  assert.equal(operationAt(contracts, "POST", "jobs/17/pause"), pause);
  for (const path of ["jobs", "jobs/", "jobs/17/pause/", "jobs/17", "jobs//pause", "toString/17/pause", ""]) {
    assert.equal(operationAt(contracts, "POST", path), null, path);
  }
  assert.equal(operationAt(contracts, "GET", "jobs/17/pause"), null);
});
