import assert from "node:assert/strict";
import fc from "fast-check";
import examples from "libphonenumber-js/mobile/examples";
import { type CountryCode, getCountries, getExampleNumber } from "libphonenumber-js/max";
import { readPhoneNumber } from "./read-phone-number.ts";

const numberOf = (text: string, country?: string) => readPhoneNumber(text, country)?.number ?? null;

/** A mobile number of each country whose national and international forms have the same digits. */
const mobiles = getCountries().flatMap((country: CountryCode) => {
  const number = getExampleNumber(country, examples);
  return number === undefined ? [] : [{ country, number }];
});
const mobile = fc.constantFrom(...mobiles);

const INVISIBLE = ["\u00ad", "\u061c", "\u200b", "\u200d", "\u200e", "\u202a", "\u202c", "\u2060", "\u2066", "\u2069"];
const invisible = fc.constantFrom(...INVISIBLE, "\ufeff", "\ufe0f", "\u{e0020}");
const blank = fc.constantFrom(" ", "\t", "\u00a0", "\u2007", "\u2009", "\u202f", "\u205f", "\u3000");
const dash = fc.constantFrom("-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212", "\uff0d");
const separator = fc.oneof(blank, dash, fc.tuple(blank, dash, blank).map((run) => run.join("")));

/** The same digits in another script. */
const inScript = (text: string, zero: number) =>
  text.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));

Deno.test("a number of any country in its international form is read with exactly its digits, with any separators and invisible characters", () => {
  fc.assert(fc.property(
    mobile,
    separator,
    fc.array(fc.tuple(fc.nat(), invisible), { maxLength: 4 }),
    fc.tuple(fc.constantFrom("", " ", "\u00a0", "- ", "\n"), fc.constantFrom("", " ", "\u3000", " \u2013", "\r\n")),
    fc.constantFrom(0x30, 0xff10, 0x660, 0x6f0, 0x966),
    ({ number }, between, hidden, [before, after], zero) => {
      let text = before + number.formatInternational().replaceAll(" ", between) + after;
      for (const [at, character] of hidden) {
        const characters = Array.from(text);
        text = characters.toSpliced(at % (characters.length + 1), 0, character).join("");
      }
      assert.equal(numberOf(inScript(text, zero)), number.number, JSON.stringify(text));
    },
  ));
});

Deno.test("a number of any country in its national form is read with that country as the default, and not without", () => {
  const known = mobiles.filter(({ country, number }) => number.country === country);
  for (const { country, number } of known) {
    const text = number.formatNational();
    assert.equal(numberOf(text, country), number.number, `${text} in ${country}`);
    assert.equal(numberOf(text), null);
    for (const other of ["US", "DE", "JP"]) {
      assert.equal(numberOf(number.formatInternational(), other), number.number, `the + is stronger than ${other}`);
    }
    assert.equal(numberOf(`00${number.number.slice(1)}`, "DE"), number.number);
    assert.equal(numberOf(`011 ${number.number.slice(1)}`, "US"), number.number);
  }
  assert.ok(known.length > 200, `${known.length} countries`);
});

Deno.test("a number that is read from any text has the digits of the text and no other", () => {
  const character = fc.constantFrom(..."+0123456789  -.()/,;x'#\u00a0\n");
  const text = fc.oneof(
    fc.string({ unit: character, minLength: 6, maxLength: 24 }),
    fc.tuple(mobile, fc.array(fc.tuple(fc.nat(), character), { minLength: 1, maxLength: 3 })).map((
      [{ number }, added],
    ) =>
      added.reduce((text, [at, one]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + one + text.slice(place);
      }, number.number as string)
    ),
  );
  fc.assert(
    fc.property(text, fc.constantFrom(undefined, "DE", "US", "IT", "AR", "MX", "BR"), (text, country) => {
      const read = numberOf(text, country);
      if (read === null) return;
      const written = text.replace(/\(0/, (all, at) => /\d/.test(text.slice(0, at)) ? "" : all).replace(/\D/g, "");
      const digits = read.slice(1);
      if (text.includes("+")) assert.equal(digits, written);
      else assert.ok(written.endsWith(digits.slice(3)), `${text}: ${read}`);
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("a decoration that may be a fraction, an extension, a remark or a second number is in no number", () => {
  const decorations = [
    ".0",
    ".00",
    ",0",
    ",00",
    ".5",
    "E12",
    "e+12",
    " 2",
    " 12",
    " (2)",
    "(2)",
    " (12)",
    " [2]",
    "x12",
    " x 12",
    " ext. 5",
    " ext 5",
    ";ext=5",
    "#5",
    ",5",
    ",,5",
    "p5",
    "w5",
    " 0",
    "/2",
    "/12",
    " / 2",
    " or 2",
    "\n2",
    "\r\n+4915123456780",
    " +4915123456780",
    "/+4915123456780",
    ", +4915123456780",
    "; +4915123456780",
    "'",
    '"',
    "*",
    "?",
    "\u00b9",
    "\u2460",
    " (home)",
    " m",
    "!",
    "\u20e3",
    "\u2028+4915123456780",
  ]; // deno-fmt-ignore
  fc.assert(fc.property(mobile, fc.constantFrom(...decorations), ({ number }, decoration) => {
    for (const text of [number.number + decoration, number.formatInternational() + decoration]) {
      const read = numberOf(text);
      // Digits that a longer number of the same country may have cannot be told from that number.
      assert.ok(read === null || read === `+${text.replace(/\D/g, "")}`, JSON.stringify(text));
    }
  }));
  for (const decoration of decorations) assert.equal(numberOf(`+4915123456789${decoration}`), null, decoration);
  for (const decoration of decorations) assert.equal(numberOf(`+49 151 23456789${decoration}`), null, decoration);
});

Deno.test("the notations of one number are read as that number", () => {
  const notations = [
    "+4915123456789",
    "+49 151 23456789",
    "+49-151-23456789",
    "+49.151.23456789",
    "+49.15123456789",
    "+49 (151) 23456789",
    "+49 (0)151 23456789",
    "+49(0)15123456789",
    "+49 (0151) 23456789",
    "+49 151/23456789",
    "+49 151 234 56 789",
    "+ 49 151 23456789",
    "+491512345678 9",
    "+4915 1234 56789",
    "(+49) 151 23456789",
    "\u202a+49\u00a0151\u202f23456789\u202c",
    "\uff0b\uff14\uff19\uff11\uff15\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
    "+49 151 2345678\u20119",
    "\u2013 +49 151 23456789",
    "+49151\u00ad23456789",
    "\ufeff+4915123456789\r\n",
  ]; // deno-fmt-ignore
  for (const text of notations) {
    assert.equal(numberOf(text), "+4915123456789", JSON.stringify(text));
  }
  assert.equal(numberOf("+1.415.555.0100"), "+14155550100");
  assert.equal(numberOf("+43 1 58858-0"), "+431588580");
  const national = [
    "0151 23456789",
    "(0151) 23456789",
    "0151/23456789",
    "0151-234 56 789",
    "0049 151 23456789",
    "0049 (0)151 23456789",
  ];
  for (const text of national) assert.equal(numberOf(text, "DE"), "+4915123456789", text);
  for (const text of ["415-555-0100", "(415) 555-0100", "1 415 555 0100", "415.555.0100", "011 1 415 555 0100"]) {
    assert.equal(numberOf(text, "US"), "+14155550100", text);
  }
  assert.equal(numberOf("06 1234 5678", "IT"), "+390612345678");
});

Deno.test("a text that the library reads as another number is refused", () => {
  const refused: [text: string, country?: string][] = [
    ["4.915123456789E12"],
    ["+4.915123456789"],
    ["+491512345678.9"],
    ["+491512345 67.89"],
    ["+4.915123456789E+12"],
    ["4915123456789"],
    ["0151 23456789"],
    ["'+4915123456789"],
    ["tel:+4915123456789"],
    ["+49 0151 23456789"],
    ["++4915123456789"],
    ["+49+15123456789"],
    ["+1-800-FLOWERS"],
    ["+39 (0)6 1234 5678"],
    ["+1 (0)415 555 0100"],
    ["+5215512345678"],
    ["15123456789", "DE"],
    ["4915123456789", "DE"],
    ["0.15123456789", "DE"],
    ["0151 23456789 / 0152 1234567", "DE"],
    ["0151 23456789.0", "DE"],
    ["+49 30 123456/78"],
    ["+4930123456/123457"],
    ["+436641234567 12"],
    ["+49 30 12345678 2"],
    ["+49 151\n23456789"],
    ["+49 30 123456 7"],
    ["+49 151 23456789-2"],
    ["+4915 (12) 3456789"],
    ["+49 (1512345) 6789"],
    ["+49 (15123) 456"],
    ["+49 151..23456789"],
    ["+49 151./23456789"],
    [""],
    ["+"],
    ["-"],
    ["()"],
    ["+49 (151 23456789"],
    ["+49 151) 23456789"],
    ["+49 151 23456789 12 34"],
    ["112", "DE"],
  ]; // deno-fmt-ignore
  for (const [text, country] of refused) assert.equal(numberOf(text, country), null, JSON.stringify([text, country]));
});

Deno.test("every decimal digit of Unicode is read as its value", () => {
  const read: (string | undefined)[] = [];
  for (let codePoint = 0x30; codePoint < 0x1fc00; codePoint++) {
    const character = String.fromCodePoint(codePoint);
    if (!/\p{Nd}/u.test(character)) continue;
    read.push(numberOf(`+1415555010${character}`)?.at(-1));
  }
  assert.ok(read.length >= 600 && read.length % 10 === 0, `${read.length} digits`);
  assert.equal(read.join(""), "0123456789".repeat(read.length / 10));
  for (const system of ["arab", "arabext", "deva", "beng", "thai", "khmr", "mymr", "tibt", "mathsans", "fullwide"]) {
    const text = new Intl.NumberFormat(`en-u-nu-${system}`, { useGrouping: false }).format(14155550123);
    assert.equal(numberOf(`+${text}`), "+14155550123", system);
  }
});
