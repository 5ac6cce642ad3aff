import { randomBytes } from "node:crypto";
import type postgres from "postgres";
import type { DataApi } from "./data-api.ts";

export interface DemoUser {
  email: string;
  password: string;
  role: "tenant" | "operator";
}

/** The public password of the demo users of a stack whose services are simulated. */
export const DEMO_PASSWORD = "switchboard-demo";

/** Returns a random password of 120 bits, for the demo users of a stack that can spend money. */
export function randomPassword(): string {
  return randomBytes(15).toString("base64url");
}

/** Returns the users that every local stack has. */
export function demoUsers(password: string): DemoUser[] {
  return [
    { email: "tenant@switchboard.test", password, role: "tenant" },
    { email: "neighbour@switchboard.test", password, role: "tenant" },
    { email: "operator@switchboard.test", password, role: "operator" },
  ];
}

/** Returns the tenants of demo data, which only a stack with demo data has. */
export function demoTenants(password: string): DemoUser[] {
  return [
    { email: "orders@harborlane.test", password, role: "tenant" },
    { email: "desk@northside.test", password, role: "tenant" },
  ];
}

/** Signs up the missing users. Sets the operator role in `app_metadata`, which users cannot change. */
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

/**
 * Sets the passwords of the demo users that exist, since the database may be from a start with another password. A
 * password that is not the public one also ends the sessions: they may be from a sign-in with the public one.
 */
export async function setDemoPasswords(users: DemoUser[], sql: postgres.Sql): Promise<void> {
  for (const { email, password } of users) {
    await sql`
      update auth.users set encrypted_password = extensions.crypt(${password}, extensions.gen_salt('bf', 6))
      where email = ${email}`;
    if (password === DEMO_PASSWORD) continue;
    await sql`
      delete from auth.refresh_tokens
      where user_id::text in (select id::text from auth.users where email = ${email})`;
    await sql`delete from auth.sessions where user_id::text in (select id::text from auth.users where email = ${email})`;
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

/** lite has no admin API. Depending on its version the metadata column is text or jsonb: the cast accepts both. */
async function makeOperator(email: string, sql: postgres.Sql): Promise<void> {
  await sql`
    update auth.users
    set raw_app_meta_data = (coalesce(raw_app_meta_data, '{}')::jsonb || '{"role": "operator"}'::jsonb)
    where email = ${email}`;
}
