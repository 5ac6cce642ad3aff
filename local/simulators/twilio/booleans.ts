import { invalidParameter } from "./errors.ts";

/**
 * Returns the boolean in a form or query parameter, in any case: Python sends `True`, JavaScript `true`. Null if the
 * parameter is missing or empty.
 * @throws ApiError 20001 for any other text
 */
export function booleanOf(params: URLSearchParams, name: string): boolean | null {
  const text = params.get(name);
  if (text === null || text === "") return null;
  const word = text.toLowerCase();
  if (word !== "true" && word !== "false") throw invalidParameter(name, text);
  return word === "true";
}
