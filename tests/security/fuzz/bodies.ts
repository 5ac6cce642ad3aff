import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { HOSTILE_JSON, HOSTILE_TEXTS } from "./hostile.ts";
import { json, mutated, text } from "./values.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const utf8 = (value: string): Bytes => new TextEncoder().encode(value);
const gzipped = (bytes: Bytes): Bytes => new Uint8Array(gzipSync(bytes));

/** Ways to damage bytes. */
const damage: fc.Arbitrary<(bytes: Bytes) => Bytes> = fc.oneof(
  { weight: 12, arbitrary: fc.constant((bytes: Bytes) => bytes) },
  fc.nat().map((at) => (bytes: Bytes) => bytes.slice(0, at % (bytes.length + 1))),
  fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 })).map(([at, inserted]) => (bytes: Bytes) => {
    const place = at % (bytes.length + 1);
    return Uint8Array.from([...bytes.slice(0, place), ...inserted, ...bytes.slice(place)]);
  }),
  fc.constantFrom(
    (bytes: Bytes) => Uint8Array.from([0xef, 0xbb, 0xbf, ...bytes]),
    (bytes: Bytes) => Uint8Array.from([...bytes].flatMap((byte) => [byte, 0])),
    gzipped,
    (bytes: Bytes) => Uint8Array.from([...bytes, 0xc3, 0x28, 0xff]),
    (bytes: Bytes) => Uint8Array.from([...bytes, ...bytes]),
  ),
);

/** JSON similar to one of the templates. */
export function jsonBody(templates: readonly unknown[]): fc.Arbitrary<Bytes> {
  const value = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...templates).chain(mutated) }, json);
  return fc.tuple(value, damage).map(([value, damaged]) => damaged(utf8(JSON.stringify(value) ?? "")));
}

/** A form similar to one of the templates. */
export function formBody(templates: readonly Record<string, string>[]): fc.Arbitrary<Bytes> {
  const change = fc.tuple(fc.nat(30), fc.constantFrom("set", "set", "set", "add", "drop", "repeat"), text, text);
  return fc.tuple(fc.constantFrom(...templates), fc.array(change, { maxLength: 3 }), damage).map(
    ([template, changes, damaged]) => {
      const form = new URLSearchParams(template);
      for (const [at, kind, key, value] of changes) {
        const names = [...form.keys()];
        const name = names[at % names.length] ?? key;
        if (kind === "set") form.set(name, value);
        else if (kind === "drop") form.delete(name);
        else form.append(kind === "repeat" ? name : key, value);
      }
      return damaged(utf8(form.toString()));
    },
  );
}

/** Bodies up to the size limits that a careless parser takes seconds or minutes for. */
const hostile: fc.Arbitrary<Bytes> = fc.tuple(
  fc.constantFrom(...Object.values(HOSTILE_TEXTS), ...Object.values(HOSTILE_JSON)),
  fc.constantFrom(4 * 1024, 64 * 1000, 128 * 1024, 256 * 1000),
).map(([textOf, length]) => utf8(textOf(length)));

/** Any bytes. */
export const anyBody: fc.Arbitrary<Bytes | null> = fc.oneof(
  fc.constant(null),
  hostile,
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from(bytes)),
  json.map((value) => utf8(JSON.stringify(value) ?? "")),
  text.map(utf8),
  fc.constantFrom(
    "",
    "[".repeat(30_000),
    '{"a":'.repeat(10_000),
    `{"a":1,"a":2,"__proto__":{"x":1}}`,
    `{"id":"evt_deep","type":"t","created":1,"data":${"[".repeat(9_000)}${"]".repeat(9_000)}}`,
    "1e400",
    '"\\ud800"',
    '{"to":"\\u0000"}',
    '--b\r\ncontent-disposition: form-data; name="to"\r\n\r\n+14155550100\r\n--b--\r\n',
    "a=1&a=2&%00=%ff&=&&",
    " ".repeat(65_537),
    "x".repeat(1_048_577),
    `{"body":"${"y".repeat(1_000_000)}"}`,
  ).map(utf8),
  fc.constant(gzipped(utf8('{"to":"+14155550100","body":"hi"}'))),
);

/** The content type of a body, which may be wrong. */
export const bodyHeaders: fc.Arbitrary<[string, string][]> = fc.array(
  fc.oneof(
    fc.constantFrom(
      "application/json",
      "application/json; charset=utf-16",
      "application/json;charset=\x80",
      "APPLICATION/JSON",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=b",
      "multipart/form-data",
      "text/plain",
      "application/octet-stream",
      "",
      "*/*",
      "application/json, text/plain",
    ).map((type): [string, string] => ["content-type", type]),
    fc.constantFrom("gzip", "br", "deflate, gzip", "identity", "x").map((coding): [string, string] => [
      "content-encoding",
      coding,
    ]),
  ),
  { maxLength: 2 },
);
