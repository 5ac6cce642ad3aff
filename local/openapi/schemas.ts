import { z } from "zod";

type Json = Record<string, unknown>;

/** Formats whose pattern says the same once more, at length. */
const TOLD_BY_FORMAT = new Set(["uuid", "date-time"]);

/** Zod's schemas as JSON schemas. Those that have an id (`.meta({ id })`) are collected in `shared` and referred to. */
export function schemasOf() {
  const shared: Record<string, Json> = {};

  /** @throws Error where one id stands for two shapes */
  function of(schema: z.ZodType, io: "input" | "output"): Json {
    const { $defs, ...described } = describe(schema, io);
    for (const [id, definition] of Object.entries($defs ?? {})) share(id, relocated(definition) as Json);
    return relocated(described) as Json;
  }

  /** As `of`, for an object whose properties are described one by one, such as a query: never a reference. */
  function inline(schema: z.ZodType, io: "input" | "output"): Json {
    const { $ref, $defs = {}, ...described } = describe(schema, io);
    const own = typeof $ref === "string" ? $ref.replace("#/$defs/", "") : null;
    for (const [id, definition] of Object.entries($defs)) {
      if (id !== own) share(id, relocated(definition) as Json);
    }
    return relocated(own === null ? described : $defs[own]) as Json;
  }

  function describe(schema: z.ZodType, io: "input" | "output"): Json & { $defs?: Record<string, Json> } {
    const { $schema: _dialect, ...described } = z.toJSONSchema(schema, {
      io,
      override: ({ jsonSchema }) => {
        if (TOLD_BY_FORMAT.has(jsonSchema.format ?? "")) delete jsonSchema.pattern;
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        // A response may gain fields, and callers must accept them. Only the tests are strict.
        if (io === "output" && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    }) as Json;
    return described;
  }

  function share(id: string, named: Json): void {
    // A shape that is both taken and given is one shape: that bodies are strict is said once, for all of them.
    const definition = JSON.parse(JSON.stringify(named), (key, value) => {
      return key === "additionalProperties" && value === false ? undefined : value;
    }) as Json;
    const known = shared[id] ??= definition;
    if (JSON.stringify(known) !== JSON.stringify(definition)) {
      throw new Error(`Cannot describe "${id}": two schemas, or the two sides of one, go by this id`);
    }
  }

  return { of, inline, shared };
}

/** References within one schema become references within the document. */
function relocated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocated);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === "$ref" && typeof inner === "string"
        ? inner.replace("#/$defs/", "#/components/schemas/")
        : relocated(inner),
    ]),
  );
}
