import { type AuthResponse, createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createSwitchboard, type Switchboard } from "../../client/switchboard.ts";
import type { Database, Enums } from "../../supabase/functions/_shared/database.types.ts";
import type { StackState } from "../stack-state.ts";
import { watchedFetch } from "./watched-fetch.ts";

/** The response of a function, read to its end. */
export interface Answer {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any -- tests and the demo assert the shape of each body
  body: any;
}

export interface CallOptions {
  method?: string;
  /** A string is sent unchanged, any other value as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** A signed-in user who calls the functions and the Data API as a frontend does. */
export interface Actor {
  id: string;
  email: string;
  accessToken: string;
  /** A supabase-js client with this user's session. Row level security applies. */
  data: SupabaseClient<Database>;
  /** The typed Switchboard client with this user's session. */
  switchboard: Switchboard;
  /** Calls `/functions/v1/<path>`. The default method is POST with a body and GET without one. */
  call(path: string, options?: CallOptions): Promise<Answer>;
}

/** Signs up a new user with a random email address and, unless one is given, a random password. */
export async function signUp(state: StackState, name: string, password: string = crypto.randomUUID()): Promise<Actor> {
  return await signUpAs(state, { email: `${name}-${crypto.randomUUID().slice(0, 8)}@switchboard.test`, password });
}

/** Signs up a user with a given email address. */
export async function signUpAs(state: StackState, user: { email: string; password: string }): Promise<Actor> {
  const data = dataClient(state);
  const { email, password } = user;
  return signedIn(state, email, data, await data.auth.signUp({ email, password }));
}

/** Signs in an existing user, such as one of the stack's demo users. */
export async function signIn(state: StackState, user: { email: string; password: string }): Promise<Actor> {
  const data = dataClient(state);
  const { email, password } = user;
  return signedIn(state, email, data, await data.auth.signInWithPassword({ email, password }));
}

function dataClient(state: StackState): SupabaseClient<Database> {
  return createClient<Database>(state.apiUrl, state.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { fetch: watchedFetch },
  });
}

function signedIn(
  state: StackState,
  email: string,
  data: SupabaseClient<Database>,
  { data: { user, session }, error }: AuthResponse,
): Actor {
  if (error !== null) throw new Error(`Cannot sign in "${email}": ${error.message}`);
  if (user === null || session === null) throw new Error(`Cannot sign in "${email}": the response has no session`);
  return actorOf(state, { id: user.id, email, accessToken: session.access_token, data });
}

/** Adds the ways to call functions to a signed-in user. */
export function actorOf(state: StackState, user: Omit<Actor, "call" | "switchboard">): Actor {
  return {
    ...user,
    switchboard: createSwitchboard(user.data),
    call: (path, options) =>
      callFunction(state, path, {
        ...options,
        headers: { authorization: `Bearer ${user.accessToken}`, ...options?.headers },
      }),
  };
}

/** Calls a function with the credentials in `options.headers`; without any, as an anonymous caller. */
export async function callFunction(state: StackState, path: string, options: CallOptions = {}): Promise<Answer> {
  const hasBody = options.body !== undefined;
  const response = await watchedFetch(`${state.apiUrl}/functions/v1/${path}`, {
    method: options.method ?? (hasBody ? "POST" : "GET"),
    headers: {
      apikey: state.publishableKey,
      ...(hasBody && { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(hasBody && { body: typeof options.body === "string" ? options.body : JSON.stringify(options.body) }),
  });
  return await answerOf(response);
}

/** Reads a response to its end. */
export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** Calls `run-jobs` for a lane as the scheduler does. */
export function runJobs(state: StackState, lane: Enums<"job_lane"> = "control"): Promise<Answer> {
  return callFunction(state, "run-jobs", { headers: { apikey: state.secretKey }, body: { lane } });
}
