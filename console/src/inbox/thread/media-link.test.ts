import assert from "node:assert/strict";
import { fileKind, hostOf, isShownHere } from "./file-kind.ts";
import { isValid, linkHere } from "./media-link.ts";

Deno.test("a link to a file keeps its signature and leads to the project's URL that the page uses", () => {
  const path = "/some/path?message=m&index=0&expires=1&signature=k1.x-_";
  assert.equal(
    linkHere(`https://phones.example.com${path}`, "http://localhost:54321"),
    `http://localhost:54321${path}`,
  );
});

Deno.test("a link is renewed half a minute before it expires, and if it does not say when it does", () => {
  const link = "https://a.test/message-media?message=m&expires=1000&signature=s";
  assert.deepEqual([960_000, 970_000, 1_000_000].map((now) => isValid(link, now)), [true, false, false]);
  assert.equal(isValid("https://a.test/", 0), false);
});

Deno.test("a file's kind follows from its content type, and without one from the end of its URL", () => {
  const kinds = [
    "image/png",
    "IMAGE/JPEG; q=1",
    "image/svg+xml",
    "audio/amr",
    "video/3gpp",
    "text/x-vcard",
    "application/pdf",
    "a/b",
  ];
  assert.deepEqual(kinds.map((type) => fileKind(type, "https://a.test/x.png")), [
    "picture",
    "picture",
    "other",
    "audio",
    "video",
    "contact",
    "pdf",
    "other",
  ]);
  const urls = ["https://a.test/menu.PDF?x=.png", "https://a.test/cat.jpeg", "https://a.test/", "no URL"];
  assert.deepEqual(urls.map((url) => fileKind(null, url)), ["pdf", "picture", "other", "other"]);
});

Deno.test("only the project's own pictures are shown in the page", () => {
  const own = ["https://ref.supabase.co", "https://console.example.com"];
  assert.equal(isShownHere("https://ref.supabase.co/storage/v1/object/public/a.png", own), true);
  for (
    const url of ["https://ref.supabase.co.evil.test/a.png", "http://ref.supabase.co/a.png", "data:image/png,", "x"]
  ) {
    assert.equal(isShownHere(url, own), false, url);
  }
  assert.deepEqual([hostOf("https://cdn.test:8443/a"), hostOf("javascript:alert(1)")], ["cdn.test:8443", null]);
});
