import assert from "node:assert/strict";
import Stripe from "stripe";
import { isUnknownAtStripe } from "./errors.ts";

const failed = (fields: Record<string, unknown>) => Stripe.errors.StripeError.generate(fields as never);

Deno.test("an object is unknown at Stripe whichever parameter named it, and no other failure means that", () => {
  const unknown = {
    type: "invalid_request_error",
    statusCode: 404,
    code: "resource_missing",
    message: "No such object",
  };
  for (const param of ["id", "customer", "subscription", "account", undefined]) {
    assert.equal(isUnknownAtStripe(failed({ ...unknown, param })), true, param);
  }
  assert.equal(isUnknownAtStripe(failed({ ...unknown, code: undefined })), true);
  for (
    const other of [
      { ...unknown, statusCode: 400, code: "parameter_invalid_empty" },
      { type: "api_error", statusCode: 500 },
      { type: "rate_limit_error", statusCode: 429 },
      { type: "authentication_error", statusCode: 401 },
      { type: "invalid_request_error", statusCode: 403 },
    ]
  ) {
    assert.equal(isUnknownAtStripe(failed(other)), false, JSON.stringify(other));
  }
  assert.equal(isUnknownAtStripe(new Error("resource_missing")), false);
});
