import assert from "node:assert/strict";
import fc from "fast-check";
import { TwilioUnreachable } from "./errors.ts";
import { fetchMedia, mediaPathOf } from "./media.ts";

const AC = `AC${"a".repeat(32)}`;
const MM = `MM${"b".repeat(32)}`;
const ME = `ME${"c".repeat(32)}`;
const PATH = `/2010-04-01/Accounts/${AC}/Messages/${MM}/Media/${ME}`;
const STORED = "https://mms.twiliocdn.com/a?Signature=s";

interface Sent {
  url: string;
  authorization: string | null;
  range: string | null;
}

/** Twilio and its storage, which answer each request in turn with the next response. */
function scene(...responses: Response[]) {
  const sent: Sent[] = [];
  const dependencies = {
    pause: () => Promise.resolve(),
    fetch: ((input: URL, init: RequestInit) => {
      const { url, headers } = new Request(input, init);
      assert.equal(init.redirect, "manual");
      const [authorization, range] = [headers.get("authorization"), headers.get("range")];
      sent.push({ url, authorization: authorization && atob(authorization.replace("Basic ", "")), range });
      const response = responses.shift();
      return response === undefined ? Promise.reject(new TypeError("no more")) : Promise.resolve(response);
    }) as typeof fetch,
  };
  return { dependencies, sent };
}

const base = {
  apiBaseUrl: "https://api.twilio.com",
  path: PATH,
  credentials: [{ accountSid: AC, authToken: "own", renewToken: () => Promise.resolve("newer") }, {
    accountSid: "ACmaster",
    authToken: "master",
  }],
  range: null,
  retriesIfMissing: 0,
};
const answer = (status: number, headers: Record<string, string> = {}) =>
  new Response(status < 300 ? "x" : null, { status, headers });
const redirectTo = (location: string) => answer(307, { location });

Deno.test("a URL leads to its path at Twilio only if it is a medium of the message of the account", () => {
  assert.equal(mediaPathOf(`https://api.twilio.com${PATH}`, AC, MM), PATH);
  assert.equal(mediaPathOf(`https://evil.example${PATH}`, AC, MM), PATH);
  const other = "d".repeat(32);
  for (
    const url of [
      "",
      "x",
      "http://169.254.169.254/latest/meta-data",
      `https://api.twilio.com${PATH}.json`,
      `https://api.twilio.com${PATH}/`,
      `https://api.twilio.com${PATH}/../../../../AC${other}.json`,
      `https://api.twilio.com/${PATH}`,
      `https://api.twilio.com${PATH.replace(AC, `AC${other}`)}`,
      `https://api.twilio.com${PATH.replace(MM, `MM${other}`)}`,
      `https://api.twilio.com${PATH.replace(ME, "ME..%2f..")}`,
    ]
  ) {
    assert.equal(mediaPathOf(url, AC, MM), null, url);
  }
  fc.assert(fc.property(fc.webUrl(), (url) => mediaPathOf(url, AC, MM) === null));
});

Deno.test("the storage gets the request without credentials, with the range", async () => {
  const { dependencies, sent } = scene(redirectTo(STORED), answer(206));
  const response = await fetchMedia({ ...base, range: "bytes=0-9" }, dependencies);
  assert.equal(response.status, 206);
  await response.text();
  assert.deepEqual(sent, [
    { url: base.apiBaseUrl + PATH, authorization: `${AC}:own`, range: "bytes=0-9" },
    { url: STORED, authorization: null, range: "bytes=0-9" },
  ]);
});

Deno.test("a redirect to anything but a public https host is not followed, and credentials are sent to none", async () => {
  for (
    const location of [
      "http://mms.twiliocdn.com/a",
      "https://169.254.169.254/latest",
      "https://127.0.0.1/",
      "https://localhost/",
      "https://[::1]/",
      "https://db.internal/",
      "https://user:pass@mms.twiliocdn.com/",
      "https://mms.twiliocdn.com:6379/",
      "file:///etc/passwd",
      "data:text/plain,x",
      "",
    ]
  ) {
    const { dependencies, sent } = scene(redirectTo(location), answer(200));
    await assert.rejects(fetchMedia(base, dependencies), TwilioUnreachable, location);
    assert.equal(sent.length, 1, location);
  }
  const { dependencies, sent } = scene(...Array.from({ length: 9 }, () => redirectTo(STORED)));
  await assert.rejects(fetchMedia(base, dependencies), TwilioUnreachable);
  assert.equal(sent.length, 4);
});

Deno.test("a token in rotation is renewed once, and then the master account reads", async () => {
  const renewed = scene(answer(401), answer(200));
  await (await fetchMedia(base, renewed.dependencies)).text();
  assert.deepEqual(renewed.sent.map(({ authorization }) => authorization), [`${AC}:own`, `${AC}:newer`]);
  const suspended = scene(answer(401), answer(403), answer(200));
  await (await fetchMedia(base, suspended.dependencies)).text();
  assert.equal(suspended.sent.at(-1)?.authorization, "ACmaster:master");
  const refused = scene(answer(401), answer(401), answer(401), answer(200));
  assert.equal((await fetchMedia(base, refused.dependencies)).status, 401);
});

Deno.test("a file that Twilio does not have yet is requested again, as often as asked", async () => {
  const late = scene(answer(404), answer(404), redirectTo(STORED), answer(200));
  assert.equal(await (await fetchMedia({ ...base, retriesIfMissing: 2 }, late.dependencies)).text(), "x");
  const gone = scene(answer(404), answer(200));
  assert.equal((await fetchMedia(base, gone.dependencies)).status, 404);
});
