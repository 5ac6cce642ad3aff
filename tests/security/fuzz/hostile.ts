/** Texts that cost a careless parser more than their length: each has about `length` characters. */
export const HOSTILE_TEXTS: Readonly<Record<string, (length: number) => string>> = {
  "escaped quotes": (length) => '"' + '\\"'.repeat(length / 2),
  "backslashes": (length) => "\\".repeat(length),
  "opening brackets": (length) => "[{".repeat(length / 2),
  "pairs of brackets": (length) => `[${"[],".repeat(length / 3)}[]]`,
  "names": (length) => namesOf(length).map((name) => `${name}=1`).join("&"),
  "one name many times": (length) => `${"a=".repeat(1)}${"&a=1".repeat(length / 4)}`,
  "names that collide in a Set": (length) => collidingNamesOf(length).map((name) => `${name}=1`).join("&"),
  "placeholders": (length) => "{{a}}".repeat(length / 5),
  "open placeholders": (length) => "{{ a ".repeat(length / 5),
  "digits": (length) => "1".repeat(length),
  "spaces": (length) => " ".repeat(length) + "x",
  "Unicode": (length) => "😀é\ufdfa\u0130".repeat(length / 6),
  "halves of characters": (length) => "\\ud83d".repeat(length / 6),
  "percent signs": (length) => "%C3%28%".repeat(length / 7),
};

/** JSON documents of about `length` characters, valid but for their meaning. */
export const HOSTILE_JSON: Readonly<Record<string, (length: number) => string>> = {
  "an object of many names": (length) => JSON.stringify(Object.fromEntries(namesOf(length).map((name) => [name, 1]))),
  "an object of names that collide": (length) => `{${collidingNamesOf(length).map((name) => `"${name}":1`).join(",")}}`,
  "a list of texts that collide": (length) => JSON.stringify(collidingNamesOf(length)),
  "a list of numbers": (length) => `[${"1,".repeat(length / 2)}1]`,
  "a list of empty objects": (length) => `[${"{},".repeat(length / 3)}{}]`,
  "a long number": (length) => "1".repeat(length),
  "a text of quotes": (length) => JSON.stringify('"'.repeat(length / 2)),
};

/** Different names that fill `length` characters with two more for each. */
function namesOf(length: number): string[] {
  return Array.from({ length: Math.floor(length / 7) }, (_, index) => index.toString(36).padStart(5, "0"));
}

/** Different names of digits that fill as many characters. V8 hashes each to its number: these share the lower bits. */
function collidingNamesOf(length: number): string[] {
  return Array.from({ length: Math.floor(length / 14) }, (_, index) => String(1_000_013_824 + index * 2 ** 14));
}
