/** Whether Postgres can store a text: not with a NUL, and not with half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** The nearest text that can be stored, for what comes from outside and must be kept: U+FFFD takes the place of the rest. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

/** As `storable`, for every text in a JSON value, the names of fields included. */
export function storableJson(value: unknown): unknown {
  if (typeof value === "string") return storable(value);
  if (Array.isArray(value)) return value.map(storableJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [storable(name), storableJson(field)]));
}
