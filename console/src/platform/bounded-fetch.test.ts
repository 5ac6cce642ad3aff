import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { createSwitchboard, SwitchboardError } from "../../../client/switchboard.ts";
import { boundedFetch, LONGEST_READ_MS } from "./bounded-fetch.ts";
import { loadInTime } from "./load-in-time.ts";
import { rowsOf } from "./read-rows.ts";
import { wordingOf } from "./wording.ts";

/** Makes every `AbortSignal.timeout` end after a moment, as if the server had not answered for as long as it may. */
async function impatiently(body: () => Promise<void>): Promise<void> {
  const { timeout } = AbortSignal;
  const asked: number[] = [];
  AbortSignal.timeout = (ms) => {
    asked.push(ms);
    return timeout.call(AbortSignal, ms <= 15_000 ? 30 : ms);
  };
  try {
    await body();
  } finally {
    AbortSignal.timeout = timeout;
  }
  assert.ok(asked.some((ms) => ms <= 9_000));
}

Deno.test("a read of a table or a function that never gets an answer ends, and says that the server did not answer", async () => {
  const end = new AbortController();
  const server = Deno.serve({ port: 0, signal: end.signal, onListen() {} }, () => new Promise<Response>(() => {}));
  const client = createClient(`http://127.0.0.1:${server.addr.port}`, "sb_publishable_x", {
    global: { fetch: boundedFetch },
    db: { retry: false },
    auth: { persistSession: false, autoRefreshToken: false },
  });
  await impatiently(async () => {
    const read = await client.from("plans").select("key");
    assert.throws(() => rowsOf("plans", read), (error) => wordingOf(error).code === "timed_out");
    await assert.rejects(createSwitchboard(client, { retries: 0 }).listNumbers(), (error) => {
      assert.ok(error instanceof SwitchboardError);
      assert.equal(wordingOf(error).message, "The server did not answer in time. Try again in a moment");
      return true;
    });
  });
  assert.ok(LONGEST_READ_MS <= 20_000);
  end.abort();
});

Deno.test("code that never arrives ends with a sentence", async () => {
  await assert.rejects(
    loadInTime(() => new Promise(() => {}), 10),
    (error) => wordingOf(error).message === "The server did not answer in time. Reload the page and try again",
  );
  assert.equal(await loadInTime(() => Promise.resolve("module")), "module");
});
