import assert from "node:assert/strict";
import { type Answer, answerOf } from "../../local/driver/actor.ts";
import { watchAnswers } from "../../local/driver/watched-fetch.ts";
import { COMMON_ERRORS, type Operation } from "../../supabase/functions/_shared/platform/contract.ts";
import { ERROR_STATUS, type ErrorCode } from "../../supabase/functions/_shared/platform/errors.ts";
import { type Contracts, readContracts } from "../../local/openapi/contracts.ts";

const contracts = await readContracts();

/** Has every answer that a function gives to an actor held against the function's contract. */
export function holdResponses(): void {
  watchAnswers(async (method, { pathname }, response) => {
    // Without a request id it is the platform's own word, for a function that died before it answered.
    if (response.status >= 500 && !response.headers.has("x-request-id")) return;
    const path = pathname.replace("/functions/v1/", "");
    assertHeld(`${method} ${path}`, operationAt(contracts, method, path), await answerOf(response));
  });
}

/** The operation a request meets; null where there is none, or the path is an odd one. */
export function operationAt(contracts: Contracts, method: string, path: string): Operation | null {
  const [, name = "", rest = ""] = /^([^/]+)(\/.*)?$/.exec(path) ?? [];
  const operations = Object.hasOwn(contracts, name) ? contracts[name]!.operations : [];
  return operations.find((operation) => operation.method === method && patternOf(operation.path).test(rest)) ?? null;
}

/** `{userId}` stands for one segment. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
}

/** Asserts that an answer is one that the operation's contract names. Without an operation only an error's shape can be held. */
export function assertHeld(title: string, operation: Operation | null, { status, body }: Answer): void {
  if (status >= 400) return assertErrorHeld(title, operation, status, body);
  if (operation === null) return assert.equal(status, 204, `${title} answers ${status}, and no contract says so`);
  const schema = operation.responses[status];
  assert.ok(schema !== undefined, `${title} answers ${status}, and its contract does not say so`);
  if (schema === null) return;
  const { success, error } = schema.safeParse(body);
  assert.ok(success, `${title} answers ${status} against its contract: ${error?.message} in ${JSON.stringify(body)}`);
}

const KNOWN = new Set(["code", "message", "requestId", "details"]);

function assertErrorHeld(
  title: string,
  operation: Operation | null,
  status: number,
  // deno-lint-ignore no-explicit-any -- an error's shape is what is asserted here
  body: any,
): void {
  assert.deepEqual(Object.keys(body).filter((key) => !KNOWN.has(key)), [], `${title}: ${JSON.stringify(body)}`);
  assert.equal(ERROR_STATUS[body.code as ErrorCode], status, `${title} answers ${status}: ${JSON.stringify(body)}`);
  if (operation === null) return;
  const allowed: readonly string[] = [...COMMON_ERRORS, ...operation.errors];
  assert.ok(allowed.includes(body.code), `${title} refuses with "${body.code}", and its contract does not say so`);
}
