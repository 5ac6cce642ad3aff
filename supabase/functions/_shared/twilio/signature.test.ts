import assert from "node:assert/strict";
import fc from "fast-check";
import twilio from "twilio";
import { isSignedByTwilio, twilioSignature } from "./signature.ts";

const TOKEN = "12345";
/** A soak multiplies the requests that are generated. */
const RUNS = 300 * Number(Deno.env.get("SWITCHBOARD_SOAK") ?? 1);

Deno.test("Twilio's published example has Twilio's published signature", async () => {
  const form = new URLSearchParams({
    CallSid: "CA1234567890ABCDE",
    Caller: "+14158675310",
    Digits: "1234",
    From: "+14158675310",
    To: "+18005551212",
  });
  assert.equal(
    await twilioSignature(TOKEN, "https://example.com/myapp.php?foo=1&bar=2", form),
    "L/OH5YylLD5NRKLltdqwSvS0BnU=",
  );
});

const word = fc.string({ unit: fc.constantFrom(..."abcXYZ019 +&=é✓#%"), maxLength: 12 });
const name = fc.string({ unit: fc.constantFrom(..."ABCabc019[]_é"), minLength: 1, maxLength: 8 });
/** Fields empty, single, and repeated with equal and different values. */
const forms = fc.dictionary(
  name,
  fc.oneof(
    fc.constant(""),
    word,
    fc.array(word, { minLength: 1, maxLength: 4 }),
    fc.constant<string[]>(["twice", "twice"]),
  ),
);
/** A query with characters that clients, servers and Twilio escape differently, as part of a URL. */
const query = fc.oneof(
  fc.constantFrom(
    "",
    "?",
    "?a=1",
    "?b=2&a=%20x",
    "?a=1&a=1&a=2",
    "?empty=&none",
    "?q=it's",
    "?q=%27",
    "?q=a+b",
    "?q=(~*!)",
  ),
  fc.string({ unit: fc.constantFrom(..."ab=&+'()!*~%2F%20é|"), maxLength: 14 }).map((text) => `?x=${text}`),
);
const urls = fc.tuple(
  fc.constantFrom("http", "https"),
  fc.constantFrom("", "user:pass@"),
  fc.constantFrom("hooks.example.com", "[::1]"),
  fc.constantFrom("", ":80", ":443", ":8443"),
  fc.constantFrom("", "/", "/twilio-webhook/status/u", "/it's a path", "/caf\u00e9/%7Eme"),
  query,
).map(([protocol, user, host, port, path, search]) => `${protocol}://${user}${host}${port}${path}${search}`);

function asForm(values: Record<string, string | string[]>): URLSearchParams {
  return new URLSearchParams(
    Object.entries(values).flatMap(([name, value]) => [value].flat().map((one) => [name, one])),
  );
}

/** Runs a property and reports the number of requests that were checked. */
async function holdsFor<Ts extends [unknown, ...unknown[]]>(what: string, property: fc.IAsyncPropertyWithHooks<Ts>) {
  let held = 0;
  await fc.assert(property.beforeEach(() => void held++), { numRuns: RUNS });
  console.log(`figures: signatures: ${held} generated requests, ${what}`);
}

Deno.test("our signatures equal the SDK's, and we accept every signature of the SDK", async () => {
  await holdsFor(
    "signed as the SDK signs them",
    fc.asyncProperty(urls, forms, async (url, values) => {
      const expected = twilio.getExpectedTwilioSignature(TOKEN, url, values);
      assert.equal(await twilioSignature(TOKEN, url, asForm(values)), expected);
      assert.equal(await isSignedByTwilio(["another token", TOKEN], expected, url, asForm(values)), true);
    }),
  );
});

/** The URL that Twilio may have signed: the URL itself, another form of it, or another URL. */
const signedFor = (url: string) =>
  fc.oneof(
    urls,
    fc.constant(url),
    fc.constant(new URL(url).href),
    fc.constant(url.replace(/:\d+(?=[/?]|$)/, "")),
    fc.constant(url.replaceAll("'", "%27").replaceAll("%20", "+")),
  );

Deno.test("we accept exactly the signatures that the SDK accepts, for every form of the signed URL", async () => {
  const believed = { yes: 0, no: 0 };
  await holdsFor(
    "believed or not as the SDK does",
    fc.asyncProperty(
      urls.chain((url) => fc.tuple(fc.constant(url), signedFor(url))),
      forms,
      async ([url, signed], values) => {
        const signature = twilio.getExpectedTwilioSignature(TOKEN, signed, values);
        const theirs = twilio.validateRequest(TOKEN, signature, url, values);
        believed[theirs ? "yes" : "no"]++;
        assert.equal(await isSignedByTwilio([TOKEN], signature, url, asForm(values)), theirs, `${signed} for ${url}`);
      },
    ),
  );
  assert.ok(believed.yes > RUNS / 10 && believed.no > RUNS / 10, JSON.stringify(believed));
});

Deno.test("a body that is not a form is accepted by the hash in its URL, exactly where the SDK accepts it", async () => {
  const bodies = fc.oneof(fc.json(), fc.string({ unit: "binary" }).map((text) => text.toWellFormed()), fc.constant(""));
  const changes = fc.constantFrom("nothing", "body", "hash", "no hash", "case of the hash");
  const believed = { yes: 0, no: 0 };
  await holdsFor(
    "with a body signed by its hash",
    fc.asyncProperty(urls, bodies, changes, async (address, body, change) => {
      const sha256 = hashFor(change, twilio.getExpectedBodyHash(body));
      const url = `${address}${address.includes("?") ? "&" : "?"}${sha256}`;
      const received = change === "body" ? `${body} ` : body;
      const signature = twilio.getExpectedTwilioSignature(TOKEN, url, {});
      const theirs = twilio.validateRequestWithBody(TOKEN, signature, url, received);
      believed[theirs ? "yes" : "no"]++;
      assert.equal(await isSignedByTwilio([TOKEN], signature, url, received), theirs, url);
    }),
  );
  assert.ok(believed.yes > RUNS / 10 && believed.no > RUNS / 10, JSON.stringify(believed));
});

function hashFor(change: string, hash: string): string {
  if (change === "no hash") return "other=1";
  if (change === "hash") return `bodySHA256=${"0".repeat(64)}`;
  return `bodySHA256=${change === "case of the hash" ? hash.toUpperCase() : hash}`;
}

Deno.test("a changed value, an extra field, another token or a missing signature is rejected", async () => {
  const url = "https://hooks.example.com/status";
  const form = () => new URLSearchParams({ From: "+14155550100", Body: "hi" });
  const signature = await twilioSignature(TOKEN, url, form());
  const changed = form();
  changed.set("Body", "ho");
  const longer = form();
  longer.append("To", "+1");
  assert.equal(await isSignedByTwilio([TOKEN], signature, url, form()), true);
  assert.equal(await isSignedByTwilio([TOKEN], signature, url, changed), false);
  assert.equal(await isSignedByTwilio([TOKEN], signature, url, longer), false);
  assert.equal(await isSignedByTwilio(["other"], signature, url, form()), false);
  assert.equal(await isSignedByTwilio([TOKEN], "", url, form()), false);
  assert.equal(await isSignedByTwilio([TOKEN], `${signature.slice(0, -2)}A=`, url, form()), false);
  assert.equal(await isSignedByTwilio([], signature, url, form()), false);
});

Deno.test("during a rotation a signature of any of the tokens is accepted", async () => {
  const url = "https://hooks.example.com/status";
  const form = new URLSearchParams({ From: "+14155550100" });
  for (const token of ["in use", "next", "previous"]) {
    const signature = await twilioSignature(token, url, form);
    assert.equal(await isSignedByTwilio(["in use", "next", "previous"], signature, url, form), true);
  }
});
