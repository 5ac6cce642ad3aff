import assert from "node:assert/strict";
import { AuthApiError, type AuthChangeEvent, type AuthError, type User } from "@supabase/supabase-js";
import type { Arrival } from "./arrival.ts";
import { createSessionStore, type SessionAuth, type SessionState } from "./session-store.ts";

const ADA = { id: "ada", email: "ada@example.test", app_metadata: {} } as User;
const BEN = { id: "ben", email: "ben@example.test", app_metadata: { role: "operator" } } as unknown as User;
const NO_ERROR: AuthError | null = null;

const answer = (user: User | null, error: AuthError | null = NO_ERROR) =>
  Promise.resolve({ data: { session: user === null ? null : { user } }, error });

interface TabOptions {
  arrival?: Arrival;
  /** What Auth answers about the link. */
  linked?: () => ReturnType<typeof answer>;
  stored?: User | null;
  lastUser?: string | null;
}

/** A tab whose Auth client is played by the test. */
function tab(
  { arrival = { kind: "none" }, linked = () => answer(null), stored = null, lastUser = null }: TabOptions = {},
) {
  let tell: (event: AuthChangeEvent, session: { user: User } | null) => void = () => {};
  const routes: string[] = [];
  const played = {
    signOut: Promise.resolve({ error: NO_ERROR }),
    getSession: () => answer(stored),
    refreshSession: () => answer(null, new AuthApiError("gone", 400, "refresh_token_not_found")),
  };
  const auth: SessionAuth = {
    onAuthStateChange(callback) {
      tell = callback;
      return { data: { subscription: { unsubscribe: () => {} } } };
    },
    getSession: () => played.getSession(),
    refreshSession: () => played.refreshSession(),
    setSession: linked,
    verifyOtp: linked,
    exchangeCodeForSession: linked,
    signOut: ({ scope }) => {
      if (scope === "local") {
        stored = null;
        tell("SIGNED_OUT", null);
      }
      return played.signOut;
    },
  };
  const forgotten: string[] = [];
  const store = createSessionStore({
    auth,
    arrival,
    goTo: (path) => routes.push(path),
    lastUser: { get: () => lastUser, set: (id) => lastUser = id },
    forget: (id) => forgotten.push(id),
  });
  return {
    store,
    routes,
    forgotten,
    played,
    /** An event of Auth, whose session this tab's storage has, too. */
    tell: (event: AuthChangeEvent, user: User | null) => {
      stored = user;
      tell(event, user === null ? null : { user });
      return settled();
    },
    /** An event of another tab, and what this tab's storage has then. */
    hear: (user: User, storedNow: User | null) => {
      stored = storedNow;
      tell("SIGNED_IN", { user });
      return { stores: (later: User | null) => void (stored = later) };
    },
    stored: () => stored,
  };
}

/** Lets the promises of the store settle. */
const settled = () => new Promise((resolve) => setTimeout(resolve));
const said = (state: SessionState) => [
  state.status,
  state.status === "signed-in" ? state.user.id : null,
  "notice" in state ? state.notice?.kind ?? null : null,
];

Deno.test("A session that ends keeps the route, says so, and is over when the same user signs in again", async () => {
  const { store, routes, tell } = tab();
  tell("INITIAL_SESSION", ADA);
  const endings = [store.renewOrEnd(store.signIn()), store.renewOrEnd(store.signIn())];
  assert.deepEqual(await Promise.all(endings), [false, false]);
  assert.deepEqual(said(store.get()), ["signed-out", null, "ended"]);
  await tell("SIGNED_IN", ADA);
  await settled();
  assert.deepEqual(said(store.get()), ["signed-in", "ada", null]);
  assert.deepEqual(routes, []);
});

Deno.test("Another user who signs in after a session has ended starts on the first screen, also after a reload", async () => {
  const { store, routes, tell } = tab({ lastUser: "ada" });
  tell("SIGNED_OUT", null);
  assert.deepEqual(said(store.get()), ["signed-out", null, "ended"]);
  await tell("SIGNED_IN", BEN);
  assert.deepEqual(routes, ["/"]);
  assert.deepEqual(said(store.get()), ["signed-in", "ben", null]);
});

Deno.test("A visitor who signs in for the first time in a tab stays at the route of the link that led there", async () => {
  const { routes, tell } = tab();
  tell("INITIAL_SESSION", null);
  await settled();
  await tell("SIGNED_IN", ADA);
  assert.deepEqual(routes, []);
});

Deno.test("A sign-out leads to the first screen and forgets what the browser keeps, and the other tab says that the session ended", async () => {
  const here = tab();
  const there = tab();
  for (const { tell } of [here, there]) tell("INITIAL_SESSION", ADA);
  await here.store.signOut("local");
  there.tell("SIGNED_OUT", null);
  assert.deepEqual(said(here.store.get()), ["signed-out", null, null]);
  assert.deepEqual(here.routes, ["/"]);
  assert.deepEqual([here.forgotten, there.forgotten], [[ADA.id], []]);
  assert.deepEqual(said(there.store.get()), ["signed-out", null, "ended"]);
});

Deno.test("A sign-out everywhere that Auth refuses keeps the session and throws the error", async () => {
  const { store, played, tell } = tab();
  tell("INITIAL_SESSION", ADA);
  played.signOut = Promise.resolve({ error: new AuthApiError("no", 500, "unexpected_failure") });
  await assert.rejects(store.signOut("global"), { code: "unexpected_failure" });
  assert.deepEqual(said(store.get()), ["signed-in", "ada", null]);
});

Deno.test("Another user who signs in in another tab replaces the user here, on the first screen and with a notice", async () => {
  const { store, routes, tell } = tab();
  tell("INITIAL_SESSION", ADA);
  await tell("SIGNED_IN", BEN);
  assert.deepEqual(said(store.get()), ["signed-in", "ben", "user-changed"]);
  assert.deepEqual(routes, ["/"]);
});

Deno.test("A late 401 of an earlier sign-in does not end the session of the user who signed in since", async () => {
  for (const next of [ADA, BEN]) {
    const { store, tell } = tab();
    tell("INITIAL_SESSION", ADA);
    const earlier = store.signIn();
    tell("SIGNED_OUT", null);
    await tell("SIGNED_IN", next);
    await store.renewOrEnd(earlier);
    assert.deepEqual(said(store.get()).slice(0, 2), ["signed-in", next.id]);
    await tell("TOKEN_REFRESHED", next);
    await store.renewOrEnd(store.signIn());
    assert.equal(store.get().status, "signed-out");
  }
});

Deno.test("A session that the server rejects is renewed once, and ends when it is rejected again", async () => {
  const { store, played, stored, tell } = tab();
  await tell("INITIAL_SESSION", ADA);
  let renewals = 0;
  played.refreshSession = () => {
    renewals++;
    return answer(ADA);
  };
  const first = [store.renewOrEnd(store.signIn()), store.renewOrEnd(store.signIn())];
  assert.deepEqual(await Promise.all(first), [true, true]);
  assert.deepEqual(said(store.get()), ["signed-in", "ada", null]);
  assert.equal(await store.renewOrEnd(store.signIn()), false);
  assert.deepEqual(said(store.get()), ["signed-out", null, "ended"]);
  assert.deepEqual([renewals, stored()], [1, null]);
});

Deno.test("A rejected session stays while Auth does not answer its renewal, and is renewed when it does", async () => {
  const { store, played, stored, tell } = tab();
  await tell("INITIAL_SESSION", ADA);
  played.refreshSession = () =>
    answer(null, Object.assign(new AuthApiError("", 503, undefined), { name: "AuthRetryableFetchError" }));
  assert.equal(await store.renewOrEnd(store.signIn()), false);
  assert.deepEqual(said(store.get()), ["signed-in", "ada", null]);
  assert.equal(stored(), ADA);
  played.refreshSession = () => answer(ADA);
  assert.equal(await store.renewOrEnd(store.signIn()), true);
});

Deno.test("A session that has ended does not take the session of the next user, who signed in in another tab, with it", async () => {
  const { store, played, stored, tell, hear } = tab();
  await tell("INITIAL_SESSION", ADA);
  const refused = played.refreshSession;
  played.refreshSession = () => {
    hear(BEN, BEN);
    return refused();
  };
  assert.equal(await store.renewOrEnd(store.signIn()), false);
  await settled();
  assert.deepEqual(said(store.get()), ["signed-in", "ben", "user-changed"]);
  assert.equal(stored(), BEN);
});

Deno.test("A user of another tab is signed in here when the storage of this tab has their session, not before", async () => {
  const { store, tell, hear } = tab();
  await tell("INITIAL_SESSION", null);
  const { stores } = hear(BEN, null);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(store.get().status, "signed-out");
  stores(BEN);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(said(store.get()), ["signed-in", "ben", null]);

  const late = hear(ADA, BEN);
  await tell("SIGNED_OUT", null);
  late.stores(ADA);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(store.get().status, "signed-out");
});

Deno.test("A renewed token is the same user object, and a changed email or role is another", async () => {
  const { store, tell } = tab();
  const user = () => {
    const state = store.get();
    return state.status === "signed-in" ? state.user : null;
  };
  tell("INITIAL_SESSION", ADA);
  const first = user();
  await tell("TOKEN_REFRESHED", { ...ADA });
  assert.equal(user(), first);
  await tell("USER_UPDATED", { ...ADA, new_email: "new@example.test" });
  assert.equal(user()?.newEmail, "new@example.test");
  await tell("USER_UPDATED", { ...ADA, app_metadata: { role: "operator" } });
  assert.equal(user()?.isOperator, true);
});

Deno.test("A stored session that cannot be renewed, because Auth does not answer, is not signed out", async () => {
  const { store, played, tell } = tab();
  const lost = Object.assign(new AuthApiError("Failed to fetch", 0, undefined), { name: "AuthRetryableFetchError" });
  played.getSession = () => answer(null, lost);
  tell("INITIAL_SESSION", null);
  await settled();
  assert.equal(store.get().status, "unreachable");
  played.getSession = () => answer(ADA);
  await tell("TOKEN_REFRESHED", ADA);
  assert.deepEqual(said(store.get()), ["signed-in", "ada", null]);
});

const TOKENS = { kind: "session", accessToken: "a", refreshToken: "r" } as const;

Deno.test("A link for a forgotten password leads to the choice of a new one, before anything else is shown", async () => {
  const arrival = { ...TOKENS, purpose: "recovery" } as const;
  const { store, routes, tell } = tab({ arrival, linked: () => answer(ADA), stored: BEN });
  tell("INITIAL_SESSION", BEN);
  assert.equal(store.get().status, "loading");
  await settled();
  assert.deepEqual(said(store.get()), ["signed-in", "ada", null]);
  assert.deepEqual(routes, ["/new-password"]);
});

Deno.test("A link that has expired says so, on the sign-in screen or in the account of the signed-in user", async () => {
  for (
    const [stored, expected, route] of [
      [null, ["signed-out", null, "link-failed"], []],
      [ADA, ["signed-in", "ada", "link-failed"], ["/account"]],
    ] as const
  ) {
    const { store, routes } = tab({ arrival: { kind: "failed", code: "otp_expired" }, stored });
    await settled();
    assert.deepEqual(said(store.get()), expected);
    assert.deepEqual(routes, route);
    store.dismissNotice();
    assert.equal(said(store.get())[2], null);
  }
});

Deno.test("A link whose session Auth refuses, or whose check fails, never leaves the page loading", async () => {
  const refused = tab({
    arrival: { kind: "token", tokenHash: "t", purpose: "recovery" },
    linked: () => answer(null, new AuthApiError("gone", 403, "otp_expired")),
  });
  const lost = tab({
    arrival: { kind: "code", code: "c" },
    linked: () => Promise.reject(new TypeError("Failed to fetch")),
  });
  await settled();
  for (const { store } of [refused, lost]) assert.deepEqual(said(store.get()), ["signed-out", null, "link-failed"]);
});

Deno.test("A confirmed new email says so in the account, and the first of two confirmations asks for the other", async () => {
  const changed = tab({ arrival: { ...TOKENS, purpose: "email_change" }, linked: () => answer(ADA) });
  const half = tab({ arrival: { kind: "half-confirmed" }, stored: ADA });
  await settled();
  assert.deepEqual(said(changed.store.get()), ["signed-in", "ada", "email-changed"]);
  assert.deepEqual(said(half.store.get()), ["signed-in", "ada", "half-confirmed"]);
  assert.deepEqual([...changed.routes, ...half.routes], ["/account", "/account"]);
});
