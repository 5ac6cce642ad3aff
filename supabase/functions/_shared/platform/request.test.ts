import assert from "node:assert/strict";
import fc from "fast-check";
import * as z from "zod";
import { ApiError } from "./errors.ts";
import { idSchema } from "./ids.ts";
import { check, parseJson, readJson, readQuery, readText } from "./request.ts";

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

Deno.test("an object with too many names is rejected before it is parsed, and its lists and neighbours do not count", () => {
  const object = (names: number, value: unknown = 1) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: names }, (_, index) => [`name ${index}`, value])));
  const most = object(500, [1, 2, { a: 1, b: 2 }]);
  assert.equal((parseJson(`[${most},${most}]`) as unknown[]).length, 2);
  for (const text of [object(501), `{"a":[${object(501)}]}`, object(501).slice(0, -1)]) {
    const { code, message } = thrownBy(() => parseJson(text));
    assert.deepEqual([code, message], [
      "invalid_json",
      "Cannot read the body: it has an object of more than 500 names",
    ]);
  }
  for (const text of ["1,2", `]]]${",".repeat(1_000)}`]) {
    assert.equal(thrownBy(() => parseJson(text)).message, "Cannot read the body: it is not JSON");
  }
});

Deno.test("a query of too many parameters is rejected", () => {
  const query = (parameters: number) =>
    readQuery(new Request(`http://localhost/?${"a=1&".repeat(parameters)}`), z.strictObject({}));
  assert.match(thrownBy(() => query(100)).message, /"a": is given more than once/);
  assert.equal(thrownBy(() => query(101)).message, "Cannot accept a query of more than 100 parameters");
});

Deno.test("a body whose connection ends is an error of the caller, which is not logged as ours", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("connection reset")) });
  const request = new Request("http://localhost/", { method: "POST", body: broken });
  await assert.rejects(readText(request), { code: "invalid_input", status: 400 });
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

const post = (body: unknown) =>
  new Request("http://localhost/", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const form = z.strictObject({
  to: z.string(),
  from: z.string().optional(),
  dryRun: z.boolean().default(false),
  reply: z.string().nullable(),
  note: z.string().nullish(),
  rows: z.array(z.strictObject({ to: z.string(), variables: z.record(z.string(), z.string()).optional() })).optional(),
});

Deno.test("null for an optional field is its absence, at any depth, and a null that the schema accepts stays", async () => {
  const read = (body: unknown) => readJson(post(body), form);
  const full = { to: "a", from: null, dryRun: null, reply: null, note: null, rows: [{ to: "b", variables: null }] };
  assert.deepEqual(await read(full), { to: "a", dryRun: false, reply: null, note: null, rows: [{ to: "b" }] });
  const optional = fc.subarray(["from", "dryRun", "rows"]);
  await fc.assert(fc.asyncProperty(optional, async (names) => {
    const nulls = Object.fromEntries(names.map((name) => [name, null]));
    const body = { to: "a", reply: null };
    assert.deepEqual(await read({ ...nulls, ...body }), await read(body));
  }));
});

Deno.test("null for a required or an unknown field, in a list, or as the body stays an error", async () => {
  const fieldsOf = async (body: unknown, schema: z.ZodType = form) => {
    const error = await readJson(post(body), schema).then(() => assert.fail("accepted"), (error) => error);
    return error.details.map(({ field }: { field: string }) => field);
  };
  assert.deepEqual(await fieldsOf({ to: null, reply: null }), ["to"]);
  assert.deepEqual(await fieldsOf({ to: "a", reply: null, more: null }), ["more"]);
  assert.deepEqual(await fieldsOf({ to: "a", from: null, reply: null, rows: [null] }), ["rows.0"]);
  assert.deepEqual(await fieldsOf(null), [""]);
  const media = z.strictObject({ urls: z.array(z.string()) });
  assert.deepEqual(await fieldsOf({ urls: ["a", null] }, media), ["urls.1"]);
});

Deno.test("the nulls of the other variants of a union are absent, as a typed client sends them", async () => {
  const union = z.union([z.strictObject({ one: z.number() }), z.strictObject({ event: z.string() })]);
  assert.deepEqual(await readJson(post({ one: null, event: "evt_1" }), union), { event: "evt_1" });
  await assert.rejects(readJson(post({ one: null, event: null }), union), { code: "invalid_input" });
});

Deno.test("an id in any case is read as Postgres prints it", () => {
  fc.assert(fc.property(fc.uuid(), (id) => assert.equal(idSchema.parse(id.toUpperCase()), id)));
});

Deno.test("the platform's forceFunctionRegion is no parameter of the request", () => {
  const query = (text: string) => readQuery(new Request(`http://localhost/${text}`), z.strictObject({ a: z.string() }));
  assert.deepEqual(query("?forceFunctionRegion=eu-west-1&a=1"), { a: "1" });
  assert.match(thrownBy(() => query("?a=1&forcefunctionregion=x")).message, /"forcefunctionregion": is not a field/);
});
