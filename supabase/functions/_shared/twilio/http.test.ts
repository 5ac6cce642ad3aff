import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { TwilioThrottled, TwilioUnreachable } from "./errors.ts";
import { retryAfterOf, twilioHttp } from "./http.ts";

interface Arrival {
  method: string | undefined;
  authorization: string | undefined;
  body: string;
}

/** A server that answers each request with the next of these statuses; null breaks the connection. */
async function serving(
  answers: (number | null)[],
  run: (url: string, arrivals: Arrival[]) => Promise<void>,
  retryAfter = "0",
) {
  const arrivals: Arrival[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => body += chunk);
    request.on("end", () => {
      arrivals.push({ method: request.method, authorization: request.headers.authorization, body });
      const status = answers[arrivals.length - 1] ?? 200;
      if (answers[arrivals.length - 1] === null) request.socket.destroy();
      else response.writeHead(status, { "content-type": "application/json", "retry-after": retryAfter }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}/2010-04-01/Accounts.json`, arrivals);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const tokenOf = ({ authorization }: Arrival) => atob(authorization?.replace("Basic ", "") ?? "").split(":")[1];

Deno.test("a write with a rejected token is repeated once with a newer token, which later requests use", async () => {
  await serving([401, 201, 201], async (uri, arrivals) => {
    const asked: string[] = [];
    const renewToken = (refused: string) => {
      asked.push(refused);
      return Promise.resolve("newer");
    };
    const request = twilioHttp(master, { renewToken });
    assert.equal((await request({ method: "post", uri, data: { To: "+1" } })).statusCode, 201);
    assert.equal((await request({ method: "post", uri, data: { To: "+2" } })).statusCode, 201);
    assert.deepEqual(arrivals.map(({ body }) => body), ["To=%2B1", "To=%2B1", "To=%2B2"]);
    assert.deepEqual(arrivals.map(tokenOf), [master.authToken, "newer", "newer"]);
    assert.deepEqual(asked, [master.authToken]);
  });
});

Deno.test("a rejected token is renewed at most once per request, and not without another token", async () => {
  await serving([401, 401, 401], async (uri, arrivals) => {
    const renewing = twilioHttp(master, { renewToken: () => Promise.resolve("newer") });
    assert.equal((await renewing({ method: "post", uri, data: {} })).statusCode, 401);
    assert.equal(arrivals.length, 2);
    const without = twilioHttp(master, { renewToken: () => Promise.resolve(null) });
    assert.equal((await without({ method: "post", uri, data: {} })).statusCode, 401);
    assert.equal(arrivals.length, 3);
  });
});

Deno.test("a failure for another reason does not renew the token", async () => {
  await serving([403, 503, null], async (uri) => {
    const request = twilioHttp(master, { renewToken: () => assert.fail("was asked for a token") });
    assert.equal((await request({ method: "post", uri, data: {} })).statusCode, 403);
    assert.equal((await request({ method: "post", uri, data: {} })).statusCode, 503);
    await assert.rejects(request({ method: "post", uri, data: {} }), TwilioUnreachable);
  });
});

const master = { accountSid: "AC" + "0".repeat(32), authToken: "t".repeat(32) };

Deno.test(
  "a write whose connection breaks arrives once, even after other requests kept connections alive",
  async () => {
    await serving([200, 200, null], async (uri, arrivals) => {
      const request = twilioHttp(master);
      await request({ method: "get", uri });
      await request({ method: "get", uri });
      await assert.rejects(request({ method: "post", uri, data: { FriendlyName: "x" } }), TwilioUnreachable);
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.deepEqual(arrivals.map(({ method }) => method), ["GET", "GET", "POST"]);
    });
  },
);

Deno.test("a throttled write is repeated, because it was not processed", async () => {
  await serving([429, 201], async (uri, arrivals) => {
    const response = await twilioHttp(master)({ method: "post", uri, data: { To: "+1", MediaUrl: ["a", "b"] } });
    assert.equal(response.statusCode, 201);
    assert.deepEqual(arrivals.map(({ body }) => body), [
      "To=%2B1&MediaUrl=a&MediaUrl=b",
      "To=%2B1&MediaUrl=a&MediaUrl=b",
    ]);
  });
});

Deno.test("a request that is throttled for longer than it may wait is not repeated, and the caller gets the time", async () => {
  await serving([429, 201], async (uri, arrivals) => {
    const error = await twilioHttp(master)({ method: "post", uri, data: {} }).catch((error: unknown) => error);
    assert.ok(error instanceof TwilioThrottled);
    assert.deepEqual([error.retryAfterSeconds, arrivals.length], [30, 1]);
  }, "30");
  await serving([429, 429, 429], async (uri, arrivals) => {
    const waits: number[] = [];
    const request = twilioHttp(master, { pause: (ms) => Promise.resolve(waits.push(ms)) });
    await assert.rejects(request({ method: "get", uri }), TwilioThrottled);
    assert.deepEqual([waits, arrivals.length], [[1000, 1000], 3]);
  }, "1");
});

Deno.test("Retry-After is read as seconds or as a date, and at most an hour", () => {
  const now = Date.parse("2026-11-26T12:00:00Z");
  const cases: [string | undefined, number | null][] = [
    ["7", 7],
    ["0.2", 1],
    ["Thu, 26 Nov 2026 12:00:30 GMT", 30],
    ["Thu, 26 Nov 2026 11:00:00 GMT", 0],
    ["86400", 3600],
    ["soon", null],
    ["", null],
    [undefined, null],
  ];
  for (const [text, seconds] of cases) {
    const headers: Record<string, string> = text === undefined ? {} : { "retry-after": text };
    assert.equal(retryAfterOf({ headers }, now), seconds, text);
  }
});

Deno.test("a write that gets a 5xx is not repeated: it may have taken effect", async () => {
  await serving([503], async (uri, arrivals) => {
    assert.equal((await twilioHttp(master)({ method: "post", uri, data: {} })).statusCode, 503);
    assert.equal(arrivals.length, 1);
  });
});

Deno.test("a read is repeated after a 5xx and after a broken connection", async () => {
  await serving([500, null, 200], async (uri, arrivals) => {
    assert.equal((await twilioHttp(master)({ method: "get", uri })).statusCode, 200);
    assert.ok(arrivals.length >= 3);
  });
});

Deno.test(
  "an answer that does not come in time is unreachable, and says so without the credentials",
  async () => {
    const never = () => new Promise<Response>(() => {});
    const stalled: typeof fetch = (_url, init) =>
      Promise.race([
        never(),
        new Promise<Response>((_, reject) =>
          init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))
        ),
      ]);
    const request = twilioHttp(master, { fetch: stalled, timeoutMs: 50 });
    await assert.rejects(request({ method: "post", uri: "http://127.0.0.1:9/" }), (error: unknown) => {
      assert.ok(error instanceof TwilioUnreachable && error.timedOut);
      assert.ok(
        !JSON.stringify({ ...error, message: error.message, stack: error.stack }).includes(
          btoa(`${master.accountSid}:${master.authToken}`),
        ),
      );
      return true;
    });
  },
);
