import assert from "node:assert/strict";
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import examples from "libphonenumber-js/mobile/examples";
import { countries, readEntry } from "./phone-entry.ts";
import { countryOf, isE164, readable } from "./phone-format.ts";

Deno.test("readable and countryOf say of each country's numbers what the large metadata says", () => {
  for (const [country, national] of Object.entries(examples as Record<string, string>)) {
    const number = parsePhoneNumberFromString(national, country as "US")!;
    assert.equal(readable(number.number), number.formatInternational(), country);
    assert.equal(countryOf(number.number), number.country ?? null, country);
    assert.ok(isE164(number.number));
  }
});

Deno.test("readable leaves short codes and names as they are", () => {
  for (const sender of ["72975", "ACME", ""]) assert.equal(readable(sender), sender);
});

Deno.test("readEntry reads the national notation of the country, and the international one of any", () => {
  assert.deepEqual(readEntry("0151 23456789", "DE"), { number: "+4915123456789", country: "DE" });
  assert.deepEqual(readEntry("(415) 555-0142", "US"), { number: "+14155550142", country: "US" });
  assert.deepEqual(readEntry(" +49 151 23456789 ", "US"), { number: "+4915123456789", country: "DE" });
  for (const text of ["", "Anna", "12", "0151 23456789 ext"]) assert.equal(readEntry(text, "DE"), null, text);
});

Deno.test("countries lists every country once, with its calling code", () => {
  const all = countries();
  assert.equal(new Set(all.map(({ code }) => code)).size, all.length);
  assert.equal(all.find(({ code }) => code === "DE")?.callingCode, "49");
});
