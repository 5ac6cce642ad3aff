import assert from "node:assert/strict";
import * as z from "zod";
import { ApiError } from "./errors.ts";
import { check, parseJson } from "./request.ts";

function thrownBy(work: () => unknown): ApiError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  throw new Error("Nothing was thrown");
}

Deno.test("a body nested to the limit is read, and a deeper one is rejected before it is parsed", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(JSON.stringify(parseJson(nested(64))), nested(64));
  for (const text of [nested(65), nested(100_000), '{"a":'.repeat(65) + "1" + "}".repeat(65), "[".repeat(500_000)]) {
    const { code, message } = thrownBy(() => parseJson(text));
    assert.deepEqual([code, message], ["invalid_json", "Cannot read the body: it is nested more than 64 levels deep"]);
  }
});

Deno.test("a body with too many values is rejected before it is parsed", () => {
  const list = (values: number) => `[${"1,".repeat(values - 1)}1]`;
  assert.equal((parseJson(list(250_000)) as number[]).length, 250_000);
  const { code, message } = thrownBy(() => parseJson(list(250_001)));
  assert.deepEqual([code, message], ["invalid_json", "Cannot read the body: it has more than 250000 values"]);
  assert.equal(parseJson(`"${",".repeat(300_000)}"`), ",".repeat(300_000));
});

Deno.test("brackets in a string do not count as nesting, also after an escaped quote", () => {
  const value = { a: "[".repeat(100), b: '\\"' + "{".repeat(100), c: [[1]] };
  assert.deepEqual(parseJson(JSON.stringify(value)), value);
});

Deno.test("an error quotes only the beginning of a field's name, and a limited number of fields", () => {
  const names = Array.from({ length: 50 }, (_, index) => `${index}${"x".repeat(10_000)}`);
  const body = Object.fromEntries(names.map((name) => [name, 1]));
  const { details, message } = thrownBy(() => check(body, z.strictObject({})));
  assert.deepEqual(details?.map(({ field }) => field), names.slice(0, 20).map((name) => name.slice(0, 100)));
  assert.ok(message.length < 600);
});
