import assert from "node:assert/strict";
import { z } from "zod";
import type { Answer } from "../../local/driver/actor.ts";
import type { Operation } from "../../supabase/functions/_shared/platform/contract.ts";
import { assertHeld, operationAt } from "../support/held-answers.ts";

const pause: Operation = {
  method: "POST",
  path: "/{id}/pause",
  summary: "Pauses one",
  answers: { 200: z.strictObject({ id: z.string() }), 204: null },
  errors: ["number_taken"],
};

const answer = (status: number, body: unknown): Answer => ({ status, headers: new Headers(), body });
const refusal = (status: number, code: string) => answer(status, { code, message: "Cannot", requestId: "1" });

const ACCEPTED: Record<string, Answer> = {
  "a response declared by the contract": answer(200, { id: "1" }),
  "an empty response where one is declared": answer(204, ""),
  "a declared error": refusal(409, "number_taken"),
  "an error common to all endpoints": refusal(401, "unauthorized"),
};

const REFUSED: Record<string, Answer> = {
  "a body with an additional field": answer(200, { id: "1", token: "x" }),
  "a body without a field": answer(200, {}),
  "another success status": answer(201, { id: "1" }),
  "an error of another operation": refusal(403, "subaccount_closed"),
  "an unknown error": refusal(418, "teapot"),
  "an error with another status": refusal(400, "number_taken"),
  "an error with an additional field": answer(409, {
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
  assert.throws(() => assertHeld("GET jobs", null, answer(200, {})), assert.AssertionError);
  assertHeld("GET jobs", null, refusal(404, "not_found"));
});

Deno.test("operationAt returns the operation of a path with parameters, and null for an unknown path", () => {
  const contracts = { jobs: { caller: "user", operations: [pause] } } as const;
  assert.equal(operationAt(contracts, "POST", "jobs/17/pause"), pause);
  for (const path of ["jobs", "jobs/", "jobs/17/pause/", "jobs/17", "jobs//pause", "toString/17/pause", ""]) {
    assert.equal(operationAt(contracts, "POST", path), null, path);
  }
  assert.equal(operationAt(contracts, "GET", "jobs/17/pause"), null);
});
