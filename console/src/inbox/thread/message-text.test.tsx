import assert from "node:assert/strict";
import fc from "fast-check";
import { renderToStaticMarkup } from "react-dom/server";
import { MessageText } from "./message-text.tsx";

const html = (text: string) => renderToStaticMarkup(<MessageText text={text} />);
const hrefs = (text: string) => [...html(text).matchAll(/href="([^"]*)"/g)].map(([, href]) => href);

Deno.test("a message's web and mail addresses are links that send no referrer", () => {
  assert.deepEqual(hrefs("See example.com/a?b=1, https://example.org. Or write to me@example.net!"), [
    "https://example.com/a?b=1",
    "https://example.org",
    "mailto:me@example.net",
  ]);
  assert.match(html("example.com"), /target="_blank" rel="noreferrer"/);
});

Deno.test("a text of markup, scripts and other schemes is shown as it is, and links to the web and mail only", () => {
  for (const text of ["javascript:alert(1)", "data:text/html,<b>", "ftp://example.com/a", "file:///etc/passwd"]) {
    assert.deepEqual(hrefs(text).filter((href) => !/^https?:\/\//.test(href!)), [], text);
  }
  const parts = fc.constantFrom(
    "javascript:",
    "data:",
    "https://",
    "http://",
    "mailto:",
    "//",
    "<a href='",
    "<script>",
    '"',
    "'",
    ">",
    "@",
    "example.com",
    "a.co",
    ".",
    " ",
    "\n",
    "ftp://",
    "vbscript:",
    "&amp;",
    "tel:",
    "+14155550100",
    "\u202e",
    "ü.de",
  );
  fc.assert(fc.property(fc.array(fc.oneof(parts, fc.string())), (pieces) => {
    const text = pieces.join("");
    const page = html(text);
    for (const href of hrefs(text)) assert.match(href!, /^(https?:\/\/|mailto:|tel:)/i);
    const shown = page.replace(/<\/?a\b[^>]*>/g, "");
    assert.equal(unescaped(shown), text);
    assert.doesNotMatch(shown, /<|>/);
  }));
});

function unescaped(text: string): string {
  const names: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'" };
  return text.replace(/&(amp|lt|gt|quot|#x27);/g, (_, name: string) => names[name]!);
}
