import assert from "node:assert/strict";
import { startScheduler } from "./scheduler.ts";
import { eventually } from "./driver/eventually.ts";

/** Starts a server that records calls and answers them with `answer`. */
function startCallee(answer: (call: number) => Response | Promise<Response>) {
  const calls: { apikey: string | null; method: string; atOnce: number }[] = [];
  let atOnce = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ headers, method }) => {
    calls.push({ apikey: headers.get("apikey"), method, atOnce: ++atOnce });
    try {
      return await answer(calls.length);
    } finally {
      atOnce--;
    }
  });
  return {
    calls,
    url: `http://127.0.0.1:${server.addr.port}/run-jobs`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("The scheduler sends the secret key and waits for a slow call before it makes the next", async () => {
  await using callee = startCallee(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return Response.json({});
  });
  const scheduler = startScheduler({ url: callee.url, secretKey: "sb_secret_s", interval: 1, log: () => {} });
  await eventually("five calls", () => callee.calls.length >= 5);
  await scheduler.stop();
  assert.deepEqual(new Set(callee.calls.map(({ atOnce }) => atOnce)), new Set([1]));
  assert.deepEqual(callee.calls[0], { apikey: "sb_secret_s", method: "POST", atOnce: 1 });
});

Deno.test("The scheduler logs a missing function once, and again only after a call succeeded", async () => {
  const statuses = [404, 404, 404, 200, 404, 404];
  await using callee = startCallee((call) => new Response(null, { status: statuses[call - 1] ?? 200 }));
  const lines: string[] = [];
  const scheduler = startScheduler({ url: callee.url, secretKey: "s", interval: 1, log: (line) => lines.push(line) });
  await eventually("all calls", () => callee.calls.length > statuses.length);
  await scheduler.stop();
  const line = 'scheduler: Cannot call "run-jobs": the function does not exist; queued work waits';
  assert.deepEqual(lines, [line, line]);
});

Deno.test("The scheduler continues after an unreachable address and after a 500, and never logs the key", async () => {
  await using callee = startCallee(() => Response.json({ message: "broken" }, { status: 500 }));
  const lines: string[] = [];
  const unreachable = startScheduler({
    url: "http://127.0.0.1:1/",
    secretKey: "hush",
    interval: 1,
    log: (line) => lines.push(line),
  });
  const failing = startScheduler({ url: callee.url, secretKey: "hush", interval: 1, log: (line) => lines.push(line) });
  await eventually("several calls and both lines", () => callee.calls.length > 2 && lines.length >= 2);
  await Promise.all([unreachable.stop(), failing.stop()]);
  assert.equal(lines.some((line) => line.includes("hush")), false);
});

Deno.test("The scheduler makes no call after it was stopped", async () => {
  await using callee = startCallee(() => Response.json({}));
  const scheduler = startScheduler({ url: callee.url, secretKey: "s", interval: 1, log: () => {} });
  await eventually("a call", () => callee.calls.length > 0);
  await scheduler.stop();
  const made = callee.calls.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(callee.calls.length, made);
});
