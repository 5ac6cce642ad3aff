import assert from "node:assert/strict";
import fc from "fast-check";
import Stripe from "stripe";
import { ACCEPTED, outcomeOfFailure } from "./meter-outcome.ts";

const ID = "01a21b66-0aa6-7e1e-9bda-56c3ccca662f.0";
const refusal = (message: string, more: Record<string, unknown> = {}) =>
  new Stripe.errors.StripeInvalidRequestError(
    { type: "invalid_request_error", message, statusCode: 400, ...more } as never,
  );

Deno.test("a meter event whose identifier exists already is accepted", () => {
  assert.equal(outcomeOfFailure(refusal(`An event already exists with identifier ${ID}`), ID), ACCEPTED);
  assert.equal(outcomeOfFailure(refusal(`An event already exists with identifier ${ID}.`), ID), ACCEPTED);
  assert.equal(outcomeOfFailure(refusal("In other words", { code: "duplicate_meter_event" }), ID), ACCEPTED);
});

Deno.test("a meter event is not accepted because another identifier exists, or with another status", () => {
  assert.equal(outcomeOfFailure(refusal(`An event already exists with identifier ${ID}1`), ID).outcome, "refused");
  const conflict = refusal(`An event already exists with identifier ${ID}`, { statusCode: 409 });
  assert.equal(outcomeOfFailure(conflict, ID).outcome, "unknown");
});

Deno.test("an error of the server or of the connection leaves the outcome unknown, with any text", () => {
  const message = fc.constantFrom(`An event already exists with identifier ${ID}`, "archived_meter", "");
  fc.assert(fc.property(fc.integer({ min: 500, max: 599 }), message, (statusCode, message) => {
    const error = new Stripe.errors.StripeAPIError({ type: "api_error", message, statusCode } as never);
    assert.equal(outcomeOfFailure(error, ID).outcome, "unknown");
  }));
  const lost = new Stripe.errors.StripeConnectionError({ message: "socket hang up" } as never);
  assert.equal(outcomeOfFailure(lost, ID).outcome, "unknown");
  assert.equal(outcomeOfFailure(new TypeError("fetch failed"), ID).outcome, "unknown");
});
