import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { ApiError } from "../platform/errors.ts";
import { expectAnswer, TEST_MS } from "./test-event.ts";

const SECRET = `whsec_${btoa("0".repeat(24))}`;
const URL_OF_TENANT = "https://hooks.example.com/hook";

/** A clock that moves only while something waits or is fetched. */
function scene(fetchFor: (request: Request, pass: (milliseconds: number) => void) => Response | Promise<Response>) {
  let time = Date.parse("2026-11-26T12:00:00Z");
  const pass = (milliseconds: number) => void (time += milliseconds);
  const requests: Request[] = [];
  const waits: number[] = [];
  const dependencies = {
    now: () => new Date(time),
    forwardToPrivate: false,
    fetch: (async (input: string, init: RequestInit) => {
      const request = new Request(input, init);
      requests.push(request.clone());
      return await fetchFor(request, pass);
    }) as typeof fetch,
    wait: (milliseconds: number) => {
      waits.push(milliseconds);
      pass(milliseconds);
      return Promise.resolve();
    },
  };
  const startedAt = time;
  return { dependencies, requests, waits, elapsed: () => time - startedAt };
}

Deno.test("the test event is signed, has its own type and no data, and a 2xx is accepted at once", async () => {
  for (const status of [200, 202, 204]) {
    const { dependencies, requests, waits } = scene(() => new Response(null, { status }));
    await expectAnswer({ url: URL_OF_TENANT, secret: SECRET }, dependencies);
    const [request] = requests;
    const body = await request!.text();
    assert.deepEqual(JSON.parse(body), { type: "webhook.test", timestamp: "2026-11-26T12:00:00.000Z", data: {} });
    const signed = new Webhook(SECRET).sign(request!.headers.get("webhook-id")!, dependencies.now(), body);
    assert.equal(request!.headers.get("webhook-signature"), signed);
    assert.deepEqual([request!.redirect, waits], ["manual", []]);
  }
});

Deno.test("every failure of a test event is the same error after the same time", async () => {
  const failures: Parameters<typeof scene>[0][] = [
    (_, pass) => (pass(20), new Response("secret text", { status: 500 })),
    (_, pass) => (pass(300), new Response(null, { status: 410 })),
    (_, pass) => (pass(4_000), Response.redirect("https://elsewhere.example.com/", 302)),
    (_, pass) => (pass(1), Promise.reject(new TypeError("Connection refused"))),
    (_, pass) => (pass(TEST_MS), Promise.reject(new DOMException("Signal timed out", "TimeoutError"))),
  ];
  for (const url of [URL_OF_TENANT, "https://db.internal/hook"]) {
    for (const failure of failures) {
      const { dependencies, elapsed } = scene(failure);
      await assert.rejects(expectAnswer({ url, secret: SECRET }, dependencies), (error) => {
        assert.ok(error instanceof ApiError && error.code === "webhook_not_answering" && error.details === undefined);
        assert.match(error.message, /^Cannot use this webhook: it did not answer .* within 5 seconds$/);
        return true;
      });
      assert.equal(elapsed(), TEST_MS);
    }
  }
});

Deno.test("a stored URL that would not be accepted today gets no test event", async () => {
  const { dependencies, requests } = scene(() => new Response());
  const url = "https://db.internal/hook";
  await assert.rejects(expectAnswer({ url, secret: SECRET }, dependencies), { code: "webhook_not_answering" });
  assert.deepEqual(requests, []);
});
