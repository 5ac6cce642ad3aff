import assert from "node:assert/strict";
import { type Db, decision } from "./database.ts";

/** A database that answers every call with this row. */
function answering(row: Record<string, unknown>): Db {
  return { rpc: () => ({ abortSignal: () => Promise.resolve({ data: [row], error: null }) }) } as unknown as Db;
}

const countRequest = decision("count_request", { allowed: [], exceeded: ["retry_after_seconds"] });
const ARGS = {
  p_action: "send",
  p_user_id: null,
  p_address: null,
  p_user_limit: 1,
  p_address_limit: 1,
  p_window_seconds: 60,
};

Deno.test("a decision returns the row under its outcome", async () => {
  const row = { outcome: "exceeded", retry_after_seconds: 5 };
  assert.deepEqual(await countRequest(answering(row), ARGS), row);
});

Deno.test("a decision with an outcome that was not declared fails and names it", async () => {
  await assert.rejects(countRequest(answering({ outcome: "unheard" }), ARGS), {
    message: 'Unexpected count_request outcome "unheard"',
  });
});

Deno.test("a decision without a column that its outcome declares fails and names it", async () => {
  await assert.rejects(countRequest(answering({ outcome: "exceeded", retry_after_seconds: null }), ARGS), {
    message: 'count_request answered "exceeded" without retry_after_seconds',
  });
});
