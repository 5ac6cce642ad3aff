import assert from "node:assert/strict";
import { connectSources, withConnectSources } from "./csp.ts";

const policyOf = (html: string) => /Content-Security-Policy"\s+content="([^"]+)"/.exec(html)?.[1];
const page = await Deno.readTextFile(new URL("./index.html", import.meta.url));
/** The sources of each directive. */
function directivesOf(html: string): Record<string, string> {
  const directives = (policyOf(html) ?? "").split(";").map((text) => text.trim().split(/ (.*)/s));
  return Object.fromEntries(directives.map(([name = "", sources = ""]) => [name, sources]));
}

Deno.test("The console's page may connect to, open sockets to, and show images of its own origin and exactly the origins of the build", () => {
  assert.equal(withConnectSources(page, []), page);
  const sources = connectSources(["https://abcdefgh.supabase.co/", "http://api.example.com:8443"]);
  const built = withConnectSources(page, sources);
  assert.deepEqual(directivesOf(built), {
    ...directivesOf(page),
    "connect-src": "'self' https://abcdefgh.supabase.co wss://abcdefgh.supabase.co " +
      "http://api.example.com:8443 ws://api.example.com:8443",
    "img-src": "'self' data: https://abcdefgh.supabase.co http://api.example.com:8443",
  });
  assert.throws(() => withConnectSources(built, []), /must have "connect-src 'self';" once/);
});

Deno.test("The policy of the page in the sources allows nothing but its own origin, inline styles and data: images", () => {
  assert.deepEqual(directivesOf(page), {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
  });
});

Deno.test("A wildcard, a directive or another protocol in the project's URL fails the build", () => {
  for (
    const url of [
      "https://*.supabase.co",
      "https://a.example;script-src*",
      "https://a.example,b",
      "data:x",
      "ws://a.example",
      "*",
      "",
    ]
  ) {
    assert.throws(() => connectSources([url]), /as the project's URL/, url);
  }
});
