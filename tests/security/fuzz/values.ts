import fc from "fast-check";

/** Text that has broken programs before. */
const AWKWARD_TEXT = [
  "",
  " ",
  "\0",
  "a\0b",
  "\ud800",
  "x\udfffy",
  "😀",
  "e\u0301\u202e\ufeff",
  "\r\nx-injected: 1",
  "__proto__",
  "constructor",
  "toString",
  "' or '1'='1",
  "{{7*7}}${7*7}",
  "../../../../etc/passwd",
  "%00%ff%2e%2e%2f",
  "null",
  "NaN",
  "-1",
  "1e309",
  "9007199254740993",
  "9223372036854775808",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:60Z",
  "+14155550100",
  "+999999999999999",
  "https://a.test/b.png",
  "https://a.test/\0",
  "a0000000-0000-4000-8000-000000000001",
  "x".repeat(256),
  "é".repeat(1601),
  "x".repeat(70_000),
] as const;

/** Numbers at the limits of types. */
const AWKWARD_NUMBERS = [
  0,
  -0,
  -1,
  1,
  0.1,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  253_402_300_800,
  999_999_999_999,
  1e21,
  1e308,
] as const;

/** Text of any kind. */
export const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...AWKWARD_TEXT) },
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.array(fc.constantFrom("\ud83d", "\ude00", "\0", "a"), { maxLength: 6 }).map((parts) => parts.join("")),
);

export const number = fc.oneof(
  fc.constantFrom(...AWKWARD_NUMBERS),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Any JSON value. */
export const json: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 3, arbitrary: number },
  fc.constantFrom(null, true, false, [], {}, [null], [[]], { id: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(10, 60, 70, 1_000).map(nested),
);

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A change to one field of an object. */
type Change =
  | { kind: "set"; at: number; value: unknown }
  | { kind: "add"; at: number; key: string; value: unknown }
  | { kind: "drop" | "wrap"; at: number };

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("set" as const), at: fc.nat(30), value: json }) },
  fc.record({
    kind: fc.constant("add" as const),
    at: fc.nat(30),
    key: fc.oneof(fc.constantFrom("__proto__", "userId", "accountSid", "id", "role", "constructor"), text),
    value: json,
  }),
  fc.record({ kind: fc.constantFrom("drop" as const, "wrap" as const), at: fc.nat(30) }),
);

/** A value like `template`, with some of its fields (at any depth) changed, added, removed or wrapped in a list. */
export function mutated(template: unknown): fc.Arbitrary<unknown> {
  return fc.array(change, { maxLength: 3 }).map((changes) => changes.reduce(applied, structuredClone(template)));
}

function applied(root: unknown, change: Change): unknown {
  const fields = fieldsOf(root);
  const field = fields[change.at % fields.length];
  if (field === undefined) return change.kind === "set" || change.kind === "add" ? structuredClone(change.value) : root;
  const { holder, key } = field;
  switch (change.kind) {
    case "set":
      holder[key] = structuredClone(change.value);
      break;
    case "wrap":
      holder[key] = [holder[key]];
      break;
    case "drop":
      delete holder[key];
      break;
    case "add":
      if (Array.isArray(holder) && change.key === "length") break; // not a field of the list
      // Defined as an own field, because an assignment to __proto__ would create none.
      Object.defineProperty(holder, change.key, {
        value: structuredClone(change.value),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return root;
}

interface Field {
  holder: Record<string, unknown>;
  key: string;
}

function fieldsOf(value: unknown, depth = 0): Field[] {
  if (typeof value !== "object" || value === null || depth > 6) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...fieldsOf(holder[key], depth + 1)]);
}
