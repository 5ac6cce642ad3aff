import { createContext, type ReactNode, useContext, useSyncExternalStore } from "react";
import type { SessionNotice, SessionState, SessionStore, SignedInUser } from "./session-store.ts";

export type { SessionNotice, SessionState, SessionStore, SignedInUser };

const SessionContext = createContext<SessionStore | null>(null);

/** Provides the session. */
export function SessionProvider({ store, children }: { store: SessionStore; children: ReactNode }) {
  return <SessionContext value={store}>{children}</SessionContext>;
}

export function useSessionStore(): SessionStore {
  const store = useContext(SessionContext);
  if (store === null) throw new Error("Cannot use the session outside of SessionProvider");
  return store;
}

export function useSessionState(): SessionState {
  const store = useSessionStore();
  return useSyncExternalStore(store.subscribe, store.get);
}

/** The signed-in user; null when signed out, undefined until that is known. */
export function useSession(): SignedInUser | null | undefined {
  const state = useSessionState();
  if (state.status === "signed-in") return state.user;
  return state.status === "signed-out" ? null : undefined;
}

/** The signed-in user. @throws Error when signed out; components behind `Gate` are always signed in */
export function useUser(): SignedInUser {
  const session = useSession();
  if (!session) throw new Error("Cannot get the user: the session is signed out");
  return session;
}
