import assert from "node:assert/strict";
import { type Actor, signUp } from "../../local/driver/actor.ts";
import type { Stage } from "./stage.ts";

/** Signs up an operator: the service writes the role, then the user signs in again to get it into the token. */
export async function signUpOperator(
  { state, database: { sql } }: Pick<Stage, "state" | "database">,
  password?: string,
): Promise<Actor> {
  const operator = await signUp(state, "operator", password);
  await sql`
    update auth.users set raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || '{"role": "operator"}'
    where id = ${operator.id}`;
  const { data, error } = await operator.data.auth.refreshSession();
  assert.equal(error, null);
  const authorization = `Bearer ${data.session?.access_token}`;
  return {
    ...operator,
    call: (path, options) => operator.call(path, { ...options, headers: { ...options?.headers, authorization } }),
  };
}
