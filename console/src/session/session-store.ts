import type { AuthChangeEvent, AuthError, User } from "@supabase/supabase-js";
import type { Arrival, LinkPurpose } from "./arrival.ts";
import { authCodeOf } from "./auth-wording.ts";

/** The signed-in user. */
export interface SignedInUser {
  id: string;
  email: string;
  /** The email that the user asked for and has not confirmed yet. */
  newEmail: string | null;
  /** Whether the user may call `admin`. Only hides what is of no use: the functions decide for themselves. */
  isOperator: boolean;
}

/** What the user must read about their session, on the screen that shows next. */
export type SessionNotice =
  | { kind: "ended" }
  | { kind: "link-failed"; code: string }
  | { kind: "half-confirmed" }
  | { kind: "confirmed" | "email-changed" | "user-changed"; email: string };

export type SessionState =
  | { status: "loading" }
  /** A session is stored, and Auth cannot be reached to renew it. */
  | { status: "unreachable" }
  | { status: "signed-out"; notice: SessionNotice | null }
  | { status: "signed-in"; user: SignedInUser; notice: SessionNotice | null };

/** The route of the screen where a new password is chosen, after a link for a forgotten password. */
export const NEW_PASSWORD_PATH = "/new-password";
/** The route of the user's own settings. */
export const ACCOUNT_PATH = "/account";

interface StoredSession {
  user: User;
}

type Answer = Promise<
  { data: { session: StoredSession | null; redirectType?: string | null }; error: AuthError | null }
>;

/** The part of the Auth client that the store uses. */
export interface SessionAuth {
  onAuthStateChange(
    callback: (event: AuthChangeEvent, session: StoredSession | null) => void,
  ): { data: { subscription: { unsubscribe: () => void } } };
  getSession(): Answer;
  refreshSession(): Answer;
  setSession(tokens: { access_token: string; refresh_token: string }): Answer;
  verifyOtp(parameters: { token_hash: string; type: LinkPurpose }): Answer;
  exchangeCodeForSession(code: string): Answer;
  signOut(options: { scope: "local" | "global" }): Promise<{ error: AuthError | null }>;
}

export interface SessionStoreOptions {
  auth: SessionAuth;
  arrival: Arrival;
  /** Replaces the console's route. */
  goTo: (path: string) => void;
  /** Remembers who used this tab last, also over a reload. */
  lastUser: { get: () => string | null; set: (id: string | null) => void };
  /** Removes what this browser keeps of a user, once they have signed out. */
  forget: (userId: string) => void;
}

/** The session of this tab: who is signed in, and what to say about it. */
export interface SessionStore {
  get(): SessionState;
  /** @returns a function that ends the subscription */
  subscribe(listener: () => void): () => void;
  /** Signs out here, or on every device. @throws AuthError if the other devices could not be signed out */
  signOut(scope: "local" | "global"): Promise<void>;
  /** Which sign-in this is, counted from the start of the page. */
  signIn(): number;
  /**
   * Renews the session after a response with status 401, as a clock that runs slow does not show that a token has expired. If
   * that fails, returns to the sign-in screen; the route stays, for when the user signs in again. Does nothing when the
   * response belongs to an earlier sign-in.
   * @returns whether the session was renewed, so that what failed can be read again
   */
  renewOrEnd(signIn: number): Promise<boolean>;
  dismissNotice(): void;
}

export function createSessionStore({ auth, arrival, goTo, lastUser, forget }: SessionStoreOptions): SessionStore {
  let state: SessionState = { status: "loading" };
  let isArriving = arrival.kind !== "none";
  let isLeaving = false;
  let signIns = 0;
  /** The newest event of Auth. */
  let events = 0;
  let renewal: Promise<boolean> | null = null;
  let renewedAt = -Infinity;
  const listeners = new Set<() => void>();

  function become(next: SessionState): void {
    state = next;
    for (const listener of listeners) listener();
  }

  function signedIn(account: User, notice: SessionNotice | null): void {
    const user = userOf(account);
    const before = state.status === "signed-in" ? state.user : null;
    const isAnother = before !== null && before.id !== user.id;
    // The route may name a conversation of the user before.
    if (![null, user.id].includes(lastUser.get())) goTo("/");
    lastUser.set(user.id);
    if (before?.id !== user.id) signIns++;
    const said = notice ?? (isAnother ? { kind: "user-changed" as const, email: user.email } : noticeOf(state, user));
    // A refreshed token is the same user. Keeping the object avoids a render of every consumer.
    become({ status: "signed-in", user: before !== null && isSame(before, user) ? before : user, notice: said });
  }

  function signedOut(notice: SessionNotice | null): void {
    become({ status: "signed-out", notice });
  }

  function left(): void {
    if (!isLeaving) return signedOut(state.status === "signed-out" ? state.notice : ENDED);
    // Start the next user on the first screen, not in a conversation of this user.
    goTo("/");
    lastUser.set(null);
    const user = state.status === "signed-in" ? state.user : null;
    signedOut(null);
    if (user !== null) forget(user.id);
  }

  async function atStart(session: StoredSession | null): Promise<void> {
    if (session !== null) return signedIn(session.user, null);
    if (state.status !== "loading") return;
    const { error } = await auth.getSession();
    if (state.status !== "loading") return;
    if (isUnanswered(error)) become({ status: "unreachable" });
    else signedOut(null);
  }

  async function arrive(): Promise<void> {
    const { session, failure, purpose } = await resultOf(auth, arrival);
    isArriving = false;
    if (session === null) {
      const notice: SessionNotice = failure === null
        ? { kind: "half-confirmed" }
        : { kind: "link-failed", code: failure };
      const { data, error } = await auth.getSession();
      if (data.session === null) {
        if (isUnanswered(error)) become({ status: "unreachable" });
        else signedOut(notice);
        return;
      }
      goTo(ACCOUNT_PATH);
      signedIn(data.session.user, notice);
      return;
    }
    const email = session.user.email ?? "";
    lastUser.set(session.user.id);
    if (purpose === "recovery" || purpose === "invite") {
      goTo(NEW_PASSWORD_PATH);
      signedIn(session.user, null);
    } else if (purpose === "email_change") {
      goTo(ACCOUNT_PATH);
      signedIn(session.user, { kind: "email-changed", email });
    } else {
      signedIn(session.user, { kind: "confirmed", email });
    }
  }

  /**
   * Another tab's event can arrive before its session is in the storage of this one. Requests sent until then would have no
   * token, and their responses would end the session in both tabs.
   */
  async function signedInWhenStored({ user }: StoredSession): Promise<void> {
    if (state.status === "signed-in" && state.user.id === user.id) return signedIn(user, null);
    const event = events;
    for (let waits = 0; waits < STORAGE_WAITS; waits++) {
      const { data } = await auth.getSession();
      if (events !== event) return;
      if (data.session?.user.id === user.id) return signedIn(user, null);
      await new Promise((resolve) => setTimeout(resolve, STORAGE_WAIT_MS));
    }
  }

  /** Ends the session of a user here, unless another one has taken its place in the storage that all tabs share. */
  async function ended(user: SignedInUser): Promise<void> {
    const { data: { session } } = await auth.getSession();
    if (session !== null && session.user.id !== user.id) return;
    if (state.status === "signed-in" && state.user.id === user.id) signedOut(ENDED);
    // Local only: the server has already ended the session, or cannot be reached.
    if (session !== null) await auth.signOut({ scope: "local" });
  }

  async function renew(user: SignedInUser): Promise<boolean> {
    if (Date.now() - renewedAt >= RENEWAL_PAUSE_MS) {
      const { data: { session }, error } = await auth.refreshSession();
      if (session?.user.id === user.id) {
        renewedAt = Date.now();
        return true;
      }
      // Without an answer of Auth, the session may be good: the next read that is rejected asks again.
      if (isUnanswered(error)) return false;
    }
    await ended(user);
    return false;
  }

  auth.onAuthStateChange((event, session) => {
    events++;
    // The link decides who is signed in, so nothing is shown before it is checked.
    if (isArriving) return;
    if (event === "INITIAL_SESSION") void atStart(session);
    else if (session !== null) void signedInWhenStored(session);
    else if (event === "SIGNED_OUT") left();
  });
  if (isArriving) void arrive();

  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async signOut(scope) {
      isLeaving = true;
      try {
        const { error } = await auth.signOut({ scope });
        // Here the user is signed out in any case. Elsewhere they are not, if the request failed.
        if (error !== null && scope === "global") throw error;
      } finally {
        isLeaving = false;
      }
    },
    signIn: () => signIns,
    async renewOrEnd(signIn) {
      if (isLeaving || state.status !== "signed-in" || signIn !== signIns) return false;
      renewal ??= renew(state.user).finally(() => renewal = null);
      return await renewal;
    },
    dismissNotice() {
      if ((state.status === "signed-in" || state.status === "signed-out") && state.notice !== null) {
        become({ ...state, notice: null });
      }
    },
  };
}

const ENDED: SessionNotice = { kind: "ended" };
/** How long a session is waited for that another tab has stored: five seconds. */
const STORAGE_WAIT_MS = 20;
const STORAGE_WAITS = 250;
/** A session that the server rejects again this soon after its renewal has ended. */
const RENEWAL_PAUSE_MS = 60_000;

/** Whether Auth did not answer, or not with a decision. */
function isUnanswered(error: AuthError | null): boolean {
  return error?.name === "AuthRetryableFetchError";
}

interface ArrivalResult {
  session: StoredSession | null;
  /** The code of the error; null for the first of two confirmations. */
  failure: string | null;
  purpose: LinkPurpose;
}

async function resultOf(auth: SessionAuth, arrival: Arrival): Promise<ArrivalResult> {
  const purpose = "purpose" in arrival ? arrival.purpose : "magiclink";
  if (arrival.kind === "failed") return { session: null, failure: arrival.code, purpose };
  if (arrival.kind === "half-confirmed" || arrival.kind === "none") return { session: null, failure: null, purpose };
  try {
    const { data, error } = await sessionOf(auth, arrival);
    if (error !== null) return { session: null, failure: authCodeOf(error), purpose };
    // The first of two confirmations is accepted without a session.
    if (data.session === null) return { session: null, failure: null, purpose };
    return { session: data.session, failure: null, purpose: data.redirectType === "recovery" ? "recovery" : purpose };
  } catch (error) {
    return { session: null, failure: authCodeOf(error), purpose };
  }
}

function sessionOf(auth: SessionAuth, arrival: Extract<Arrival, { kind: "session" | "token" | "code" }>): Answer {
  switch (arrival.kind) {
    case "session":
      return auth.setSession({ access_token: arrival.accessToken, refresh_token: arrival.refreshToken });
    case "token":
      return auth.verifyOtp({ token_hash: arrival.tokenHash, type: arrival.purpose });
    case "code":
      return auth.exchangeCodeForSession(arrival.code);
  }
}

/** A notice stays until it is dismissed; that the session ended is over once somebody has signed in. */
function noticeOf(state: SessionState, { id }: SignedInUser): SessionNotice | null {
  return state.status === "signed-in" && state.user.id === id ? state.notice : null;
}

function userOf({ id, email, new_email: newEmail, app_metadata: metadata }: User): SignedInUser {
  return { id, email: email ?? "", newEmail: newEmail || null, isOperator: metadata?.["role"] === "operator" };
}

function isSame(one: SignedInUser, other: SignedInUser): boolean {
  return one.id === other.id && one.email === other.email && one.newEmail === other.newEmail &&
    one.isOperator === other.isOperator;
}
