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

const HELD: Record<string, Answer> = {
  "what the contract says": answer(200, { id: "1" }),
  "nothing, where it says nothing": answer(204, ""),
  "an error of its own": refusal(409, "number_taken"),
  "an error of every endpoint": refusal(401, "unauthorized"),
};

const AMISS: Record<string, Answer> = {
  "a field more": answer(200, { id: "1", token: "x" }),
  "a field less": answer(200, {}),
  "another success": answer(201, { id: "1" }),
  "an error of another operation": refusal(403, "subaccount_closed"),
  "an error nobody knows": refusal(418, "teapot"),
  "an error under another status": refusal(400, "number_taken"),
  "an error with a field more": answer(409, { code: "number_taken", message: "Cannot", requestId: "1", stack: "x" }),
};

for (const [title, given] of Object.entries(HELD)) {
  Deno.test(`an answer that is ${title} is let through`, () => assertHeld("POST jobs/1/pause", pause, given));
}

for (const [title, given] of Object.entries(AMISS)) {
  Deno.test(`an answer that is ${title} is found`, () => {
    assert.throws(() => assertHeld("POST jobs/1/pause", pause, given), assert.AssertionError);
  });
}

Deno.test("a success where no contract names an operation is found, and an error there is let through", () => {
  assert.throws(() => assertHeld("GET jobs", null, answer(200, {})), assert.AssertionError);
  assertHeld("GET jobs", null, refusal(404, "not_found"));
});

Deno.test("a path is led to its operation, with whatever stands in it, and an odd one to none", () => {
  const contracts = { jobs: { caller: "user", operations: [pause] } } as const;
  assert.equal(operationAt(contracts, "POST", "jobs/17/pause"), pause);
  for (const path of ["jobs", "jobs/", "jobs/17/pause/", "jobs/17", "jobs//pause", "toString/17/pause", ""]) {
    assert.equal(operationAt(contracts, "POST", path), null, path);
  }
  assert.equal(operationAt(contracts, "GET", "jobs/17/pause"), null);
});
