import assert from "node:assert/strict";
import fc from "fast-check";
import { mediaHeaders, mediaTypeOf } from "./headers.ts";

const shownAs = (type: string) => mediaHeaders(mediaTypeOf(type), 0)["content-disposition"];

Deno.test("images, audio and video are shown, and any other type is an attachment", () => {
  for (const type of ["image/png", "IMAGE/JPEG", "image/heic", "audio/amr; rate=8000", "video/3gpp", "audio/mpeg"]) {
    assert.equal(shownAs(type), "inline", type);
  }
  for (
    const type of [
      "text/html",
      "image/svg+xml",
      "image/svg",
      "IMAGE/SVG+XML; charset=utf-8",
      "image/svg-xml",
      "image/unknown+xml",
      "application/xhtml+xml",
      "application/pdf",
      "text/vcard",
      "",
      "image/png, text/html",
      "image/png/../../text/html",
      " text/html;image/png",
    ]
  ) {
    assert.match(shownAs(type)!, /^attachment; filename="media-0(\.\w+)?"$/, type);
  }
});

Deno.test("for any type that a sender claims, the headers are valid, sandbox the file and forbid sniffing", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.tuple(fc.string(), fc.string()).map((pair) => pair.join("/"))), (text) => {
      const headers = new Headers(mediaHeaders(mediaTypeOf(text), 3));
      assert.match(headers.get("content-type")!, /^[a-z]+\/[a-z0-9_.+-]+$/);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("cross-origin-resource-policy"), "cross-origin");
      assert.match(headers.get("content-security-policy")!, /^default-src 'none';.* sandbox$/);
      const isShown = headers.get("content-disposition") === "inline";
      if (isShown) assert.match(headers.get("content-type")!, /^(image|audio|video)\/(?!.*(svg|xml))/);
    }),
  );
});
