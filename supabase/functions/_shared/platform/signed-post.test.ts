import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { postSigned } from "./signed-post.ts";

const SECRET = `whsec_${btoa("0".repeat(24))}`;
const POST = {
  url: "https://hooks.example.com/hook?key=secret",
  secret: SECRET,
  id: "an id",
  event: { type: "a.type", timestamp: "2026-11-26T12:00:00Z", data: { a: 1 } },
  receiver: "the receiver",
  timeoutMs: 1_000,
};
const now = () => new Date();

Deno.test("a post is signed for its receiver, and its status is returned, also that of a redirect", async () => {
  for (const status of [204, 302, 410, 500]) {
    const requests: Request[] = [];
    const doFetch = ((url: string, init: RequestInit) => {
      requests.push(new Request(url, init));
      return Promise.resolve(new Response(null, { status, headers: { location: "https://elsewhere.example.com/" } }));
    }) as typeof fetch;
    assert.equal(await postSigned(POST, { now, fetch: doFetch }), status);
    const [request, ...more] = requests;
    assert.deepEqual([request!.redirect, more], ["manual", []]);
    const headers = Object.fromEntries(request!.headers);
    assert.deepEqual(new Webhook(SECRET).verify(await request!.text(), headers), POST.event);
  }
});

Deno.test("a response without an end is not read", async () => {
  let isCanceled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1024)),
    cancel: () => void (isCanceled = true),
  });
  assert.equal(await postSigned(POST, { now, fetch: () => Promise.resolve(new Response(endless)) }), 200);
  assert.equal(isCanceled, true);
});

Deno.test("an error names the receiver and whether the time was over, but not the URL", async () => {
  const failing = (error: Error) => postSigned(POST, { now, fetch: () => Promise.reject(error) });
  await assert.rejects(failing(new TypeError(`cannot connect to ${POST.url}`)), {
    message: "the receiver cannot be reached",
  });
  const hanging = ((_: string, { signal }: RequestInit) =>
    new Promise((_, reject) => {
      const timer = setTimeout(() => {}, 5_000);
      signal!.addEventListener("abort", () => (clearTimeout(timer), reject(signal!.reason)));
    })) as typeof fetch;
  await assert.rejects(postSigned({ ...POST, timeoutMs: 10 }, { now, fetch: hanging }), {
    message: "the receiver did not answer in time",
  });
});
