import assert from "node:assert/strict";
import { accountsBaseUrl } from "./auth-tokens.ts";

Deno.test("the tokens of an account are served beside its API, in a region, or under a simulator's own path", () => {
  assert.equal(accountsBaseUrl("https://api.twilio.com"), "https://accounts.twilio.com");
  assert.equal(accountsBaseUrl("https://api.dublin.ie1.twilio.com"), "https://accounts.dublin.ie1.twilio.com");
  assert.equal(accountsBaseUrl("http://127.0.0.1:4010"), "http://127.0.0.1:4010/accounts.twilio.com");
  assert.equal(
    accountsBaseUrl("https://api.twilio.com.example.org"),
    "https://api.twilio.com.example.org/accounts.twilio.com",
  );
});
