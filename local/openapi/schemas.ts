import { z } from "zod";

type Json = Record<string, unknown>;

/** Formats whose pattern says the same once more, at length. */
const TOLD_BY_FORMAT = new Set(["uuid", "date-time"]);

/** Zod's schemas as JSON schemas; those that carry an id of their own (`.meta({ id })`) are gathered in `shared`. */
export function schemasOf() {
  const shared: Record<string, Json> = {};

  /** @throws Error where one id stands for two shapes */
  function of(schema: z.ZodType, io: "input" | "output"): Json {
    const { $schema: _dialect, $defs = {}, ...described } = z.toJSONSchema(schema, {
      io,
      override: ({ jsonSchema }) => {
        if (TOLD_BY_FORMAT.has(jsonSchema.format ?? "")) delete jsonSchema.pattern;
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        // An answer may gain fields, and callers must let them pass; the tests alone are strict.
        if (io === "output" && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    }) as Json & { $defs?: Record<string, Json> };
    for (const [id, definition] of Object.entries($defs)) share(id, relocated(definition) as Json);
    return relocated(described) as Json;
  }

  function share(id: string, definition: Json): void {
    const known = shared[id] ??= definition;
    if (JSON.stringify(known) !== JSON.stringify(definition)) {
      throw new Error(`Cannot describe "${id}": two schemas, or the two sides of one, go by this id`);
    }
  }

  return { of, shared };
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
