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
/** One of each class that decides which characters form a grapheme. */
const CLASSES = [
  "\n",
  "\u0301",
  "ा",
  "\u0600",
  "\u200d",
  "🇩",
  "ᄀ",
  "ᅡ",
  "ᆨ",
  "가",
  "각",
  "☝",
  "👩",
  "🏽",
  "♀",
  "क",
  "ж",
  "a",
];
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
  // Graphemes that only what stands far before can divide, such as flags.
  fc.subarray(CLASSES, { minLength: 1, maxLength: 4 }).chain((classes) =>
    fc.array(fc.tuple(fc.constantFrom(...classes), fc.oneof(fc.constant(1), fc.nat(75))), { maxLength: 60 })
  ).map((runs) => runs.map(([one, times]) => one.repeat(times)).join("").slice(0, 700).toWellFormed()),
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
    ...fc.sample(text, 3_000),
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

Deno.test("measure_text measures a text of combining characters as fast as it reads their classes", async () => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const milliseconds = async (measured: string) => {
    const times: number[] = [];
    for (let run = 0; run < 7; run++) {
      const started = performance.now();
      await sql.unsafe(`select count(${measured}) from generate_series(1, 20) n`);
      times.push(performance.now() - started);
    }
    return Math.min(...times);
  };
  const marks = "repeat(U&'\\0301', 1600 + n % 2)";
  const classes = await milliseconds(`private.grapheme_classes(${marks})`);
  const segments = await milliseconds(`private.measure_text(${marks})`);
  assert.ok(segments < 4 * classes, `${segments} ms for segments, ${classes} ms for classes`);
  await sql.end();
});
