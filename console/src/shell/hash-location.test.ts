import assert from "node:assert/strict";
import fc from "fast-check";
import { placeOf, useHashLocation } from "./hash-location.ts";

const CONVERSATION = "+14155550100~+14155550142";
/** What wouter makes of a location before it matches the routes. */
const asWouterReads = (path: string) => decodeURI(path);
const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((value) => value.isWellFormed());

Deno.test("placeOf reads an id in one spelling, whether its plus signs are escaped or not", () => {
  for (const id of ["+14155550100~+14155550142", "%2B14155550100~%2B14155550142", "%2b14155550100%7E+14155550142"]) {
    assert.deepEqual(placeOf(`#/inbox/${id}`), { path: `/inbox/${CONVERSATION}`, search: "" });
  }
});

Deno.test("placeOf separates the query from the path, and keeps it as it is", () => {
  const search = "search=100%25&number=%2B14155550100";
  assert.deepEqual(placeOf(`#/inbox/${CONVERSATION}?${search}`), { path: `/inbox/${CONVERSATION}`, search });
  assert.deepEqual(placeOf("#/inbox?a=b?c"), { path: "/inbox", search: "a=b?c" });
  for (const hash of ["", "#", "#/"]) assert.deepEqual(placeOf(hash), { path: "/", search: "" });
});

Deno.test("placeOf leaves a malformed escape as it is, and wouter can read every path that it returns", () => {
  assert.equal(asWouterReads(placeOf("#/inbox/%ZZ").path), "/inbox/%ZZ");
  assert.equal(asWouterReads(placeOf("#/inbox/%E0%A4%A").path), "/inbox/%E0%A4%A");
  fc.assert(fc.property(text, (hash) => {
    asWouterReads(placeOf(`#/${hash}`).path);
  }));
});

Deno.test("any text that is escaped into a path comes out of it unchanged, with its slashes escaped", () => {
  fc.assert(fc.property(text, (value) => {
    const { path, search } = placeOf(`#/inbox/${encodeURIComponent(value)}`);
    assert.equal(asWouterReads(path), `/inbox/${value.replaceAll("/", "%2F")}`);
    assert.equal(search, "");
  }));
});

Deno.test("a path becomes a link into the hash", () => {
  assert.equal(useHashLocation.hrefs("/inbox?unread=true"), "#/inbox?unread=true");
});
