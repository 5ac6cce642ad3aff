import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { type Stack, type StackOptions, startStack } from "../../local/stack.ts";
import { makeTestProject, type TestProject } from "./project.ts";

/** The stack that the tests of one file share. Each test makes its own rows and users. */
export interface ProjectStack {
  readonly stack: Stack;
  readonly project: TestProject;
}

/** Starts an ephemeral stack of the test project before the tests of this file, and stops it after them. */
export function projectStack(options: StackOptions = {}): ProjectStack {
  let started: { stack: Stack; project: TestProject } | undefined;
  const get = () => {
    assert.ok(started, "Cannot use the stack before the tests run: use it inside a test");
    return started;
  };
  Deno.test.beforeAll(async () => {
    const project = await makeTestProject();
    started = { project, stack: await startStack({ projectDir: project.folder, ephemeral: true, ...options }) };
  });
  Deno.test.afterAll(async () => {
    await started?.stack.stop();
    await started?.project[Symbol.asyncDispose]();
  });
  return {
    get stack() {
      return get().stack;
    },
    get project() {
      return get().project;
    },
  };
}

/** A test on a shared stack. The stack lives longer than the test, so its timers and sockets do not belong to the test. */
export function test(title: string, body: () => Promise<void>): void {
  Deno.test(title, { sanitizeOps: false, sanitizeResources: false }, body);
}

/** A supabase-js client without a user. */
export function clientOf({ state: { apiUrl, publishableKey } }: Stack) {
  return createClient(apiUrl, publishableKey, { auth: { persistSession: false, autoRefreshToken: false } });
}

/** Signs up a new user, and returns their supabase-js client and session. */
export async function freshSession(stack: Stack) {
  const supabase = clientOf(stack);
  const email = `${crypto.randomUUID()}@example.test`;
  const { data, error } = await supabase.auth.signUp({ email, password: "correct horse" });
  assert.equal(error, null);
  assert.ok(data.session && data.user);
  return { supabase, email, id: data.user.id, session: data.session };
}

/** Signs in one of the demo users. */
export async function signInAs(stack: Stack, name: "tenant" | "neighbour" | "operator") {
  const supabase = clientOf(stack);
  const user = stack.state.users.find(({ email }) => email.startsWith(`${name}@`));
  assert.ok(user);
  const { data, error } = await supabase.auth.signInWithPassword(user);
  assert.equal(error, null);
  assert.ok(data.session && data.user);
  return { supabase, session: data.session, user: data.user };
}

/** Asks the stack for `path`. */
export function get(stack: Stack, path: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${stack.state.apiUrl}${path}`, { headers });
}
