import assert from "node:assert/strict";
import { getCountries } from "libphonenumber-js/max";
import { COUNTRIES } from "./countries.ts";
import { countrySchema, e164Schema, phoneNumberInQuery } from "./phone-number.ts";

Deno.test("the countries are those of libphonenumber-js", () => {
  assert.deepEqual([...COUNTRIES].sort(), [...getCountries()].sort());
});

Deno.test("a country is accepted in small letters, and a code that is none names the one that is meant", () => {
  assert.equal(countrySchema.parse("de"), "DE");
  const problemOf = (text: string) => countrySchema.safeParse(text).error?.issues[0]?.message;
  assert.equal(problemOf("UK"), 'must be a country (ISO 3166, two letters): "UK" is not one, use "GB"');
  assert.equal(problemOf("uk"), 'must be a country (ISO 3166, two letters): "UK" is not one, use "GB"');
  assert.equal(problemOf("EL"), 'must be a country (ISO 3166, two letters): "EL" is not one, use "GR"');
  for (const text of ["ZZ", "EU", "USA", "", "U", "Germany", "D E"]) {
    assert.match(problemOf(text) ?? "", /must be a country/);
  }
});

Deno.test("a number that is looked up may have any notation, and its plus may be unescaped in a query", () => {
  for (const text of ["+4915123456789", "+49 151 23456789", "\u202a+49\u00a0151-23456789", "+49 (151) 23456789"]) {
    assert.equal(e164Schema.parse(text), "+4915123456789");
    assert.equal(phoneNumberInQuery.parse(text), "+4915123456789");
    assert.equal(phoneNumberInQuery.parse(text.replace("+", " ")), "+4915123456789", text);
  }
  for (const text of ["4915123456789", "+49 151 23456789 x1", "", "+0151", "x".repeat(65)]) {
    assert.equal(e164Schema.safeParse(text).success, false, text);
  }
  for (const text of ["12345", "ACME", "BANK 24"]) assert.equal(phoneNumberInQuery.parse(text), text);
});
