import { type Stack, startStack } from "../../local/stack.ts";
import type { StackState } from "../../local/stack-state.ts";
import { holdResponses } from "./held-responses.ts";

/**
 * The stack for the tests of this file: the one `deno task test` has started (SWITCHBOARD_STACK names the file with its
 * state), or else a new one. Call it once per file, before the tests.
 */
export function stackUnderTest(): { readonly state: StackState } {
  holdResponses();
  const file = Deno.env.get("SWITCHBOARD_STACK");
  if (file !== undefined) return { state: JSON.parse(Deno.readTextFileSync(file)) };
  let stack: Stack | undefined;
  Deno.test.beforeAll(async () => {
    stack = await startStack({ ephemeral: true, scheduler: 250 });
  });
  Deno.test.afterAll(() => stack?.stop());
  return {
    get state() {
      if (stack === undefined) throw new Error("Cannot use the stack before the tests run: use it inside a test");
      return stack.state;
    },
  };
}
