import assert from "node:assert/strict";
import { connectSources, withConnectSources } from "./csp.ts";

const policyOf = (html: string) => /Content-Security-Policy"\s+content="([^"]+)"/.exec(html)?.[1];
const page = await Deno.readTextFile(new URL("./index.html", import.meta.url));
const connectSrcOf = (html: string) => /connect-src ([^;]+);/.exec(policyOf(html) ?? "")?.[1];

Deno.test("The console's page may connect to, and show images of, its own origin and exactly the origins of the build", () => {
  assert.equal(connectSrcOf(withConnectSources(page, [])), "'self'");
  const sources = connectSources(["https://abcdefgh.supabase.co/", "https://api.example.com:8443"]);
  const built = withConnectSources(page, sources);
  assert.equal(connectSrcOf(built), "'self' https://abcdefgh.supabase.co https://api.example.com:8443");
  const imgSrc = /img-src ([^;]+);/.exec(policyOf(built) ?? "")?.[1];
  assert.equal(imgSrc, "'self' data: https://abcdefgh.supabase.co https://api.example.com:8443");
  assert.equal(built.replaceAll(sources.map((source) => ` ${source}`).join(""), ""), page);
  assert.throws(() => withConnectSources(built, []), /must have "connect-src 'self';" once/);
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
