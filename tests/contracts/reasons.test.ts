import assert from "node:assert/strict";
import { contract as admin } from "../../supabase/functions/admin/contract.ts";
import * as z from "zod";

/** The forms of a body: a union has several. */
function formsOf(body: z.ZodType): z.ZodObject[] {
  if (body instanceof z.ZodUnion) return body.options.flatMap((option) => formsOf(option as z.ZodType));
  assert.ok(body instanceof z.ZodObject);
  return [body];
}

Deno.test("every operation of an operator that changes something needs a reason of 1 to 300 characters", () => {
  const changing = admin.operations.filter(({ method }) => method === "POST");
  assert.ok(changing.length > 10);
  for (const operation of changing) {
    assert.ok("body" in operation, `${operation.path} has no body`);
    for (const form of formsOf(operation.body)) {
      const { reason } = form.shape as { reason?: z.ZodType };
      assert.ok(reason !== undefined, `${operation.path} has a form without a reason`);
      const accepted = (value: unknown) => reason.safeParse(value).success;
      assert.deepEqual([undefined, null, "", "  ", "x", "x".repeat(300), "x".repeat(301)].map(accepted), [
        false,
        false,
        false,
        false,
        true,
        true,
        false,
      ], operation.path);
    }
  }
});
