import assert from "node:assert/strict";
import { type Answer, answerOf } from "../../local/driver/actor.ts";
import { watchAnswers } from "../../local/driver/watched-fetch.ts";
import { COMMON_ERRORS, type Operation } from "../../supabase/functions/_shared/platform/contract.ts";
import { ERROR_STATUS, type ErrorCode } from "../../supabase/functions/_shared/platform/errors.ts";
import { type Contracts, readContracts } from "../../local/openapi/contracts.ts";

const contracts = await readContracts();

/** Checks every response of a function to an actor against the function's contract. */
export function holdResponses(): void {
  watchAnswers(async (method, { pathname }, response) => {
    // A response without a request id comes from the platform, for a function that died before it responded.
    if (response.status >= 500 && !response.headers.has("x-request-id")) return;
    const path = pathname.replace("/functions/v1/", "");
    assertHeld(`${method} ${path}`, operationAt(contracts, method, path), await answerOf(response));
  });
}

/** The operation of a request, or null when no operation has its method and path. */
export function operationAt(contracts: Contracts, method: string, path: string): Operation | null {
  const [, name = "", rest = ""] = /^([^/]+)(\/.*)?$/.exec(path) ?? [];
  const operations = Object.hasOwn(contracts, name) ? contracts[name]!.operations : [];
  return operations.find((operation) => operation.method === method && patternOf(operation.path).test(rest)) ?? null;
}

/** `{userId}` matches one segment. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
}

/** Asserts that the operation's contract lists the response. Without an operation only the shape of an error is checked. */
export function assertHeld(title: string, operation: Operation | null, { status, headers, body }: Answer): void {
  if (status >= 400) return assertErrorHeld(title, operation, status, body);
  if (operation === null) {
    return assert.equal(status, 204, `${title} answers ${status}, but no contract lists the operation`);
  }
  const schema = operation.responses[status];
  assert.ok(schema !== undefined, `${title} answers ${status}, but its contract does not list that status`);
  if (schema === null || schema === "file") return;
  const type = headers.get("content-type") ?? "";
  if (operation.csv === true && status === 200 && type.startsWith("text/csv;")) return;
  if (operation.html === true && status === 200 && type.startsWith("text/html;")) return;
  const { success, error } = schema.safeParse(body);
  assert.ok(
    success,
    `${title} answers ${status} with a body that violates its contract: ${error?.message} in ${JSON.stringify(body)}`,
  );
}

const KNOWN = new Set(["code", "message", "requestId", "details"]);

function assertErrorHeld(
  title: string,
  operation: Operation | null,
  status: number,
  // deno-lint-ignore no-explicit-any -- the shape of the error is asserted here
  body: any,
): void {
  assert.deepEqual(Object.keys(body).filter((key) => !KNOWN.has(key)), [], `${title}: ${JSON.stringify(body)}`);
  assert.equal(ERROR_STATUS[body.code as ErrorCode], status, `${title} answers ${status}: ${JSON.stringify(body)}`);
  if (operation === null) return;
  const allowed: readonly string[] = [...COMMON_ERRORS, ...operation.errors];
  assert.ok(
    allowed.includes(body.code),
    `${title} refuses with "${body.code}", but its contract does not list that code`,
  );
}
