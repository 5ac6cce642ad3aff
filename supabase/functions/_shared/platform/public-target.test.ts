import assert from "node:assert/strict";
import fc from "fast-check";
import { isPublicTarget, PRIVATE_DOMAINS } from "./public-target.ts";

const isTaken = (url: string) => isPublicTarget(url, false);

/** A number as C's inet_aton reads it. */
const spelled = (value: number) =>
  fc.constantFrom(
    String(value),
    `0x${value.toString(16)}`,
    `0X${value.toString(16).toUpperCase()}`,
    `0${value.toString(8)}`,
  );

/** An IPv4 address in any spelling that URLs know: one to four parts, each decimal, octal or hexadecimal. */
const ipv4 = fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 1, max: 4 })).chain(([address, parts]) => {
  const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
  const heads = bytes.slice(0, parts - 1);
  const rest = bytes.slice(parts - 1).reduce((sum, byte) => sum * 256 + byte, 0);
  return fc.tuple(...[...heads, rest].map(spelled)).map((spellings) => spellings.join("."));
});
const around = fc.tuple(
  fc.constantFrom("", "example.com%40", "%65"),
  fc.constantFrom("", ".", ":443", ":8443", "/hook", "?a=b.com", "#c.com", "/@example.com", ":/example.com"),
);

Deno.test("no IPv4 address in any spelling is a public target", () => {
  fc.assert(fc.property(ipv4, around, (address, [, behind]) => !isTaken(`https://${address}${behind}`)), {
    numRuns: 3_000,
  });
});

Deno.test("no IPv6 address is a public target", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV6(), fc.ipV4().map((address) => `::ffff:${address}`)),
      around,
      (address, [, behind]) => !isTaken(`https://[${address}]${behind}`),
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("an address in full-width digits, percent-encoded, or with soft hyphens is no public target", () => {
  const disguises: ((character: string) => string)[] = [
    (character) => /\d/.test(character) ? String.fromCharCode(character.charCodeAt(0) + 0xfee0) : character,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
    (character) => `${character}\u00ad`,
    (character) => character === "." ? "\u3002" : character,
  ];
  fc.assert(
    fc.property(
      fc.ipV4(),
      fc.constantFrom(...disguises),
      (address, disguise) => !isTaken(`https://${[...address].map(disguise).join("")}/hook`),
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("a name without a dot, or under a domain of private networks, is no public target in any case or spelling", () => {
  const named = ["svc", "cluster.local", "localdomain", "private", "consul", "home.arpa", "onion", "alt", "example"]
    .concat(["invalid", "nodns", "k8s", "docker", "vpn", "internal", "localhost", "test", "lan", "corp", "mail"]);
  const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);
  const ending = fc.constantFrom(...named, ...PRIVATE_DOMAINS);
  const name = fc.oneof(
    label,
    fc.tuple(fc.array(label, { maxLength: 2 }), ending).map(([labels, last]) => [...labels, last].join(".")),
  );
  const spelling = fc.constantFrom(
    (host: string) => host,
    (host: string) => host.toUpperCase(),
    (host: string) => `${host}.`,
    (host: string) => host.replaceAll(".", "\u3002"),
  );
  fc.assert(fc.property(name, spelling, (host, spell) => !isTaken(`https://${spell(host)}/`)), { numRuns: 2_000 });
});

Deno.test("a public host is a target on port 443 and 8443 only", () => {
  for (const port of ["", ":443", ":8443", ":0443", ":"]) {
    assert.equal(isTaken(`https://example.com${port}/hook`), true, port);
  }
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 65535 }).filter((port) => port !== 443 && port !== 8443),
    (port) => !isTaken(`https://example.com:${port}/hook`),
  ));
});

Deno.test("a user name, a password, or another protocol makes no target public", () => {
  for (
    const url of [
      "https://a@b.com",
      "https://a:b@b.com",
      "https://:b@b.com",
      "http://b.com",
      "ftp://b.com",
      "ws://b.com",
    ]
  ) {
    assert.equal(isTaken(url), false, url);
  }
});

Deno.test("a text that is no URL is no target, also with private targets allowed", () => {
  for (const text of ["", " ", "hook", "https://", "https://[::1", "https://a:99999"]) {
    assert.deepEqual([isPublicTarget(text, false), isPublicTarget(text, true)], [false, false], text);
  }
});

Deno.test("names on the public internet are public targets, in any alphabet", () => {
  for (
    const host of [
      "example.com",
      "EXAMPLE.COM",
      "example.com.",
      "a.b.co.uk:8443",
      "münchen.de",
      "пример.рф",
      "xn--e1afmkfd.xn--p1ai",
      "1.example.com",
      "local.example.com",
      "svc.co",
      "mylocal.io",
      "notnip.io",
      "nip.io.example.com",
      "example.com\\@127.0.0.1", // to URLs a backslash is a slash: the host is example.com
    ]
  ) {
    assert.equal(isPublicTarget(`https://${host}/hook?a=b`, false), true, host);
  }
});

Deno.test("with private targets allowed a local server is a target, but not a URL with a user name", () => {
  for (const url of ["http://127.0.0.1:3000/hook", "http://localhost", "http://[::1]/", "https://example.com"]) {
    assert.equal(isPublicTarget(url, true), true, url);
  }
  assert.equal(isPublicTarget("http://ada:secret@127.0.0.1/", true), false);
});
