// Segments are counted in SQL exactly as Twilio's library counts them.
import assert from "node:assert/strict";
import fc from "fast-check";
import postgres from "postgres";
import { measure } from "../../supabase/functions/_shared/messages/segments.ts";
import { startTestDatabase } from "../support/test-database.ts";

const ONE_CHARACTER = ["a", "é", "ü", "Ç", "ç", "\n", "ж", "中", "`", "\u0001", "\u2019"];
const ESCAPED = ["€", "[", "^", "\\", "\f", "~"];
const GRAPHEMES = [
  ...["😀", "\r\n", "e\u0301", "👩‍👩‍👦‍👦", "👍🏽", "🇩🇪", "🇩🇪\u0301\u0301", "❤️", "👩🏽‍❤️‍💋‍👨🏿", "☝️🏽", "☝🏽", "👁️‍🗨️", "각", "ᄀ", "ᅡ", "ᆨ"],
  ...["क्षि", "\u0301", "\u200d", "🏽", "🇩", "\u0600", "ا", "ों", "ำ"],
];
const SIZES = [69, 70, 71, 133, 134, 135, 159, 160, 161, 201, 202, 305, 306, 307, 459, 460];

const character = fc.oneof(
  fc.constantFrom(...ONE_CHARACTER, ...ESCAPED),
  fc.constantFrom(...GRAPHEMES),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((text) => text.isWellFormed() && text !== "\0"),
);
const several = (maxLength: number) => fc.array(character, { maxLength }).map((parts) => parts.join(""));
const text = fc.oneof(
  several(120),
  // Something at the end of a segment.
  fc.tuple(
    fc.constantFrom("a", "ü", "ж"),
    fc.constantFrom(...SIZES),
    fc.integer({ min: -12, max: 2 }),
    several(4),
    several(80),
  )
    .map(([filler, size, offset, edge, rest]) => filler.repeat(Math.max(0, size + offset)) + edge + rest),
  fc.tuple(character, fc.constantFrom(...SIZES), fc.integer({ min: -1, max: 1 })).map(([one, size, offset]) =>
    one.repeat((size + offset) / one.length)
  ),
  // A grapheme that is longer than a segment.
  fc.tuple(fc.nat(75), fc.integer({ min: 40, max: 150 }), fc.nat(75)).map(([before, marks, after]) =>
    "ж".repeat(before) + "\u0301".repeat(marks) + "x".repeat(after)
  ),
);

Deno.test("measure_text counts segments and encoding as sms-segments-calculator does", async () => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const texts = [
    "ü".repeat(160),
    "😀".repeat(40),
    ...[...ONE_CHARACTER, ...ESCAPED, ...GRAPHEMES].flatMap((one) =>
      SIZES.map((size) => one.repeat(size / one.length))
    ),
    ...fc.sample(text, 2_500),
  ];
  const sizes = new Set<string>();
  const measured = await sql<{ segments: number; encoding: string }[]>`
    select (m.measured).segments, (m.measured).encoding
    from (select private.measure_text(t.text) as measured, t.n from unnest(${texts}::text[]) with ordinality t (text, n)) m
    order by m.n`;
  texts.forEach((one, index) => {
    const expected = measure(one);
    assert.deepEqual({ ...measured[index] }, expected, JSON.stringify(one));
    sizes.add(`${expected.segments} ${expected.encoding}`);
  });
  assert.deepEqual([measured[0]!.segments, measured[1]!.segments], [1, 2]);
  assert.ok(sizes.size > 12, [...sizes].join(", "));
  await sql.end();
});
