import assert from "node:assert/strict";
import { productBaseUrl } from "./product-url.ts";

Deno.test("a product of Twilio's has its own host, also in a region, or a path of a simulator", () => {
  assert.equal(productBaseUrl("accounts", "https://api.twilio.com"), "https://accounts.twilio.com");
  assert.equal(productBaseUrl("pricing", "https://api.twilio.com"), "https://pricing.twilio.com");
  assert.equal(
    productBaseUrl("accounts", "https://api.dublin.ie1.twilio.com"),
    "https://accounts.dublin.ie1.twilio.com",
  );
  assert.equal(productBaseUrl("pricing", "http://127.0.0.1:4010"), "http://127.0.0.1:4010/pricing.twilio.com");
  assert.equal(
    productBaseUrl("accounts", "https://api.twilio.com.example.org"),
    "https://api.twilio.com.example.org/accounts.twilio.com",
  );
});
