import assert from "node:assert/strict";
import * as z from "zod";
import type { Operation } from "../../supabase/functions/_shared/platform/contract.ts";
import { functionsInProcess, type InProcess } from "./in-process.ts";

let running: InProcess;
Deno.test.beforeAll(async () => {
  running = await functionsInProcess();
});
Deno.test.afterAll(() => running[Symbol.dispose]());

/** What a schema is made of: the schemas within it, without the ways in which it may be absent or transformed. */
function partsOf(schema: z.ZodType): z.ZodType[] {
  const { def } = schema as unknown as { def: { innerType?: z.ZodType; in?: z.ZodType; element?: z.ZodType } };
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => partsOf(option as z.ZodType));
  const inner = def.innerType ?? def.in ?? def.element;
  return inner === undefined ? [schema] : partsOf(inner);
}

/** The fields of a request, also those of lists and of unions. */
function fieldsOf(schema: z.ZodType): { name: string; schema: z.ZodType }[] {
  return partsOf(schema).flatMap((part) =>
    part instanceof z.ZodObject
      ? Object.entries(part.shape as Record<string, z.ZodType>).flatMap(([name, field]) => [
        { name, schema: field },
        ...fieldsOf(field),
      ])
      : []
  );
}

/** The requests of all callers but Stripe and Twilio, whose fields are not ours. */
function requests(): { title: string; name: string; caller: "user" | "operator" | "secret"; operation: Operation }[] {
  return Object.entries(running.contracts).flatMap(([name, { caller, operations }]) =>
    caller === "stripe" || caller === "twilio" ? [] : operations.map((operation) => ({
      title: `${operation.method} ${name}${operation.path}`,
      name,
      caller: caller === "user-or-link" ? "user" : caller,
      operation,
    }))
  );
}

Deno.test("every id of a request may have capitals, and is read as Postgres prints it", () => {
  const id = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
  const found = requests().flatMap(({ title, operation: { body, query } }) =>
    [body, query].filter((schema) => schema !== undefined).flatMap(fieldsOf)
      .filter(({ schema }) => partsOf(schema).some((part) => part instanceof z.ZodGUID || part instanceof z.ZodUUID))
      .map(({ name, schema }) => ({ title: `${title}: ${name}`, schema }))
  );
  assert.ok(found.length >= 12, `${found.length} ids`);
  for (const { title, schema } of found) {
    const isList = schema instanceof z.ZodArray;
    assert.deepEqual(schema.parse(isList ? [id.toUpperCase()] : id.toUpperCase()), isList ? [id] : id, title);
  }
});

Deno.test("every moment in a query may have an offset whose + was not encoded", () => {
  const isMoment = (schema: z.ZodType) =>
    JSON.stringify(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" })).includes('"date-time"');
  const found = requests().flatMap(({ title, operation: { query } }) =>
    (query === undefined ? [] : fieldsOf(query)).filter(({ schema }) => isMoment(schema))
      .map(({ name, schema }) => ({ title: `${title}: ${name}`, schema }))
  );
  assert.ok(found.length >= 4, `${found.length} moments`);
  for (const { title, schema } of found) {
    const decoded = new URLSearchParams("at=2026-11-26T12:00:00+02:00").get("at");
    assert.equal(schema.parse(decoded), "2026-11-26T10:00:00.000Z", title);
    assert.equal(schema.safeParse("2026-11-26T12:00:00").success, false, title);
  }
});

Deno.test("every optional field of every body may be null, as if it were absent", async () => {
  let tried = 0;
  for (const { title, name, caller, operation: { method, path, body } } of requests()) {
    if (body === undefined) continue;
    const optional = partsOf(body).flatMap((part) =>
      part instanceof z.ZodObject
        ? Object.entries(part.shape as Record<string, z.ZodType>).filter(([, field]) =>
          field.safeParse(undefined).success && !field.safeParse(null).success
        ).map(([field]) => field)
        : []
    );
    const answerTo = async (given: Record<string, null>) => {
      const headers = { "content-type": "application/json" };
      const response = await running.call(name, name + path, { method, headers, caller, body: JSON.stringify(given) });
      const { code, details } = await response.json();
      return { status: response.status, code, details };
    };
    const expected = await answerTo({});
    const nulls = optional.map((field) => ({ [field]: null }));
    for (const given of [...nulls, Object.assign({}, ...nulls)]) {
      assert.deepEqual(await answerTo(given), expected, `${title} ${JSON.stringify(given)}`);
      tried++;
    }
  }
  assert.ok(tried > 20, `${tried} bodies`);
});
