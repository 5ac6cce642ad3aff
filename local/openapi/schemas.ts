import * as z from "zod";

type Json = Record<string, unknown>;

/** Formats for which zod also emits a long pattern that adds nothing. */
const FORMATS_WITHOUT_PATTERN = new Set(["uuid", "date-time"]);

/**
 * Converts zod schemas to JSON schemas. Schemas with an id (`.meta({ id })`) are collected in `shared` and referenced.
 */
export function schemasOf() {
  const shared: Record<string, Json> = {};

  /** @throws Error if two different schemas have the same id */
  function of(schema: z.ZodType, io: "input" | "output"): Json {
    const { $defs, ...described } = describe(schema, io);
    for (const [id, definition] of Object.entries($defs ?? {})) share(id, relocated(definition) as Json);
    return relocated(described) as Json;
  }

  /** Like `of`, but never returns a reference. For a query, whose properties become separate parameters. */
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
        if (FORMATS_WITHOUT_PATTERN.has(jsonSchema.format ?? "")) delete jsonSchema.pattern;
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        // A response may gain fields, and callers must accept them. Only the tests are strict.
        if (io === "output" && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    }) as Json;
    return described;
  }

  function share(id: string, named: Json): void {
    // A schema used for both input and output is shared, so the strictness of inputs is dropped here. The description
    // of the document states it once for all request bodies.
    const definition = JSON.parse(JSON.stringify(named), (key, value) => {
      return key === "additionalProperties" && value === false ? undefined : value;
    }) as Json;
    const known = shared[id] ??= definition;
    if (JSON.stringify(known) !== JSON.stringify(definition)) {
      throw new Error(`Cannot describe "${id}": two different schemas, or the input and output of one, have this id`);
    }
  }

  return { of, inline, shared };
}

/** Rewrites references within one schema to references within the document. */
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
