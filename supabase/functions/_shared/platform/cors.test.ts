import assert from "node:assert/strict";
import { corsHeaders as supabase } from "@supabase/supabase-js/cors";
import { corsHeaders } from "./cors.ts";

const from = (origin: string) => new Request("http://functions/send-sms", { headers: { origin } });

Deno.test("a listed origin is allowed by name, and any other origin gets no permission", () => {
  const listed = ["https://app.example.com"];
  assert.equal(
    corsHeaders(from("https://app.example.com"), listed)["access-control-allow-origin"],
    "https://app.example.com",
  );
  assert.equal(corsHeaders(from("https://evil.example.com"), listed)["access-control-allow-origin"], undefined);
});

Deno.test("without a list no origin gets permission", () => {
  assert.deepEqual(corsHeaders(from("https://app.example.com"), []), { vary: "Origin" });
});

Deno.test("a browser may send what supabase-js sends, also with a region and with tracing, and an idempotency key", () => {
  const allowed = corsHeaders(from("https://app.example.com"), ["*"])["access-control-allow-headers"]!.split(", ");
  const ofLibrary = supabase["Access-Control-Allow-Headers"]!.split(", ");
  for (const name of [...ofLibrary, "traceparent", "x-retry-count", "x-region", "idempotency-key"]) {
    assert.ok(allowed.includes(name), name);
  }
  assert.equal(new Set(allowed).size, allowed.length);
});
