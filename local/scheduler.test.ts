import assert from "node:assert/strict";
import { startScheduler } from "./scheduler.ts";
import { eventually } from "./driver/eventually.ts";

/** Starts a server that records calls and answers them with `answer`. */
function startCallee(answer: (call: number) => Response | Promise<Response>) {
  const calls: { apikey: string | null; method: string; lane: string; atOnce: number }[] = [];
  const atOnce = new Map<string, number>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { lane } = await request.json();
    atOnce.set(lane, (atOnce.get(lane) ?? 0) + 1);
    const { headers, method } = request;
    calls.push({ apikey: headers.get("apikey"), method, lane, atOnce: atOnce.get(lane)! });
    try {
      return await answer(calls.length);
    } finally {
      atOnce.set(lane, atOnce.get(lane)! - 1);
    }
  });
  return {
    calls,
    url: `http://127.0.0.1:${server.addr.port}/run-jobs`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const LANES = ["control", "messages", "campaigns", "forwarding", "usage", "billing"];

Deno.test("The scheduler sends the secret key and each lane, and up to three slow calls for a lane overlap", async () => {
  await using callee = startCallee(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return Response.json({});
  });
  const scheduler = startScheduler({ url: callee.url, secretKey: "sb_secret_s", interval: 1, log: () => {} });
  await eventually("ten rounds of calls", () => callee.calls.length >= 10 * LANES.length);
  await scheduler.stop();
  assert.deepEqual(new Set(callee.calls.map(({ atOnce }) => atOnce)), new Set([1, 2, 3]));
  const expected = LANES.map((lane) => ({ apikey: "sb_secret_s", method: "POST", lane, atOnce: 1 }));
  const byLane = (a: { lane: string }, b: { lane: string }) => LANES.indexOf(a.lane) - LANES.indexOf(b.lane);
  assert.deepEqual(callee.calls.slice(0, LANES.length).sort(byLane), expected);
});

Deno.test("A lane without due work is not called", async () => {
  await using callee = startCallee(() => Response.json({}));
  const isDue = (lane: string) => Promise.resolve(lane === "messages");
  const scheduler = startScheduler({ url: callee.url, secretKey: "s", interval: 1, log: () => {}, isDue });
  await eventually("three calls", () => callee.calls.length >= 3);
  await scheduler.stop();
  assert.deepEqual(new Set(callee.calls.map(({ lane }) => lane)), new Set(["messages"]));
});

Deno.test("A hanging call delays no call for another lane, and not the next for its own", async () => {
  const release = Promise.withResolvers<void>();
  let hanging = "";
  const counts = new Map<string, number>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { lane } = await request.json();
    if (hanging === "") hanging = lane;
    counts.set(lane, (counts.get(lane) ?? 0) + 1);
    if (lane === hanging && counts.get(lane)! > 1) await release.promise;
    return Response.json({});
  });
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const scheduler = startScheduler({ url, secretKey: "s", interval: 1, log: () => {} });
  await eventually("four calls for each other lane", () => {
    return [...counts].filter(([lane, calls]) => lane !== hanging && calls >= 4).length === LANES.length - 1;
  });
  await eventually("three hanging calls", () => counts.get(hanging) === 4);
  release.resolve();
  await scheduler.stop();
  await server.shutdown();
});

Deno.test("The second call for a lane waits for the first, which runs the jobs that are due at the start", async () => {
  let ended = 0;
  await using callee = startCallee(async (call) => {
    if (call <= LANES.length) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      ended++;
    }
    return Response.json({});
  });
  const scheduler = startScheduler({ url: callee.url, secretKey: "s", interval: 1, log: () => {} });
  await scheduler.first;
  assert.equal(ended, LANES.length);
  await eventually("further calls", () => callee.calls.length >= 12);
  assert.deepEqual(new Set(callee.calls.slice(0, 8).map(({ atOnce }) => atOnce)), new Set([1]));
  await scheduler.stop();
});

Deno.test("The scheduler logs a missing function once, and again only after a call of each lane succeeded", async () => {
  const isMissing = (call: number) => call <= 12 || (call > 24 && call <= 36);
  await using callee = startCallee((call) => new Response(null, { status: isMissing(call) ? 404 : 200 }));
  const lines: string[] = [];
  const scheduler = startScheduler({ url: callee.url, secretKey: "s", interval: 1, log: (line) => lines.push(line) });
  await eventually("all calls", () => callee.calls.length > 40);
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
