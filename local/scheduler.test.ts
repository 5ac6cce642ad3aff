import assert from "node:assert/strict";
import { startScheduler } from "./scheduler.ts";
import { eventually } from "./driver/eventually.ts";

/** A place to be called at, which answers as it is told and counts. */
function callee(answer: (call: number) => Response | Promise<Response>) {
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

Deno.test("Calls are made with the secret key, one at a time, however long they take", async () => {
  await using place = callee(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return Response.json({});
  });
  const scheduler = startScheduler({ url: place.url, secretKey: "sb_secret_s", interval: 1, log: () => {} });
  await eventually("five calls", () => place.calls.length >= 5);
  await scheduler.stop();
  assert.deepEqual(new Set(place.calls.map(({ atOnce }) => atOnce)), new Set([1]));
  assert.deepEqual(place.calls[0], { apikey: "sb_secret_s", method: "POST", atOnce: 1 });
});

Deno.test("A function that is not there is told once, and again only after it was there", async () => {
  const statuses = [404, 404, 404, 200, 404, 404];
  await using place = callee((call) => new Response(null, { status: statuses[call - 1] ?? 200 }));
  const lines: string[] = [];
  const scheduler = startScheduler({ url: place.url, secretKey: "s", interval: 1, log: (line) => lines.push(line) });
  await eventually("all calls", () => place.calls.length > statuses.length);
  await scheduler.stop();
  const line = 'scheduler: There is no function "run-jobs": queued work waits';
  assert.deepEqual(lines, [line, line]);
});

Deno.test("A place that cannot be reached does not end the calls, and no line holds the key", async () => {
  await using place = callee(() => Response.json({ message: "broken" }, { status: 500 }));
  const lines: string[] = [];
  const unreachable = startScheduler({
    url: "http://127.0.0.1:1/",
    secretKey: "hush",
    interval: 1,
    log: (line) => lines.push(line),
  });
  const failing = startScheduler({ url: place.url, secretKey: "hush", interval: 1, log: (line) => lines.push(line) });
  await eventually("several calls and both lines", () => place.calls.length > 2 && lines.length >= 2);
  await Promise.all([unreachable.stop(), failing.stop()]);
  assert.equal(lines.some((line) => line.includes("hush")), false);
});

Deno.test("Nothing is called after the stop", async () => {
  await using place = callee(() => Response.json({}));
  const scheduler = startScheduler({ url: place.url, secretKey: "s", interval: 1, log: () => {} });
  await eventually("a call", () => place.calls.length > 0);
  await scheduler.stop();
  const made = place.calls.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(place.calls.length, made);
});
