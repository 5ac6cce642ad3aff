import type postgres from "postgres";
import type { DataApi } from "./data-api.ts";

export interface DemoUser {
  email: string;
  password: string;
  role: "tenant" | "operator";
}

/** The people who use a local stack. */
export function demoUsers(password: string): DemoUser[] {
  return [
    { email: "tenant@switchboard.test", password, role: "tenant" },
    { email: "neighbour@switchboard.test", password, role: "tenant" },
    { email: "operator@switchboard.test", password, role: "operator" },
  ];
}

/** Signs up those who are not there yet, and marks the operator as one, in `app_metadata`, where no user can write. */
export async function signUpDemoUsers(
  users: DemoUser[],
  api: DataApi,
  apiKey: string,
  sql: postgres.Sql,
): Promise<void> {
  for (const user of users) {
    const [known] = await sql`select from auth.users where email = ${user.email}`;
    if (!known) await signUp(user, api, apiKey);
    if (user.role === "operator") await makeOperator(user.email, sql);
  }
}

async function signUp({ email, password }: DemoUser, api: DataApi, apiKey: string): Promise<void> {
  const response = await api.fetch(
    new Request("http://127.0.0.1/auth/v1/signup", {
      method: "POST",
      headers: { apikey: apiKey, "content-type": "application/json" },
      body: JSON.stringify({ email, password }),
    }),
  );
  if (!response.ok) throw new Error(`Cannot sign up "${email}": ${await response.text()}`);
  await response.body?.cancel();
}

/** lite has no admin API, and keeps the metadata as text or as jsonb, by its version: the cast takes either. */
async function makeOperator(email: string, sql: postgres.Sql): Promise<void> {
  await sql`
    update auth.users
    set raw_app_meta_data = (coalesce(raw_app_meta_data, '{}')::jsonb || '{"role": "operator"}'::jsonb)
    where email = ${email}`;
}
