import assert from "node:assert/strict";
import type { Answer } from "../../local/driver/actor.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** One entry of `details`. */
export type Detail = Record<string, string | number | boolean | null>;

/** Asserts that a response is an error in our shape, with this status and code. Returns its details. */
export function assertRefused({ status, headers, body }: Answer, expected: [status: number, code: string]): Detail[] {
  assert.deepEqual([status, body.code], expected, JSON.stringify(body));
  assert.match(headers.get("content-type") ?? "", /^application\/json/);
  assert.match(body.message, /^Cannot .*[^.]$/);
  assert.match(body.requestId, UUID);
  assert.equal(headers.get("x-request-id"), body.requestId);
  const known = new Set(["code", "message", "requestId", "details"]);
  assert.deepEqual(Object.keys(body).filter((key) => !known.has(key)), []);
  return body.details ?? [];
}

/** Like `assertRefused`, for input in which exactly these fields are invalid. */
export function assertInvalid(answer: Answer, fields: string[]): void {
  const details = assertRefused(answer, [400, "invalid_input"]);
  assert.deepEqual(details.map(({ field }) => field), fields);
  for (const { code, message } of details) assert.ok(code !== "" && message !== "", JSON.stringify(details));
}
