import assert from "node:assert/strict";
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
