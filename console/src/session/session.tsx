import { notifications } from "@mantine/notifications";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { type Supabase, useBackend } from "../platform/backend.tsx";

/** The signed-in user. */
export interface SignedInUser {
  id: string;
  email: string;
  isOperator: boolean;
}

/** The signed-in user; null when signed out, undefined until that is known. */
type Session = SignedInUser | null | undefined;

const SessionContext = createContext<Session>(undefined);

/** Provides the session of the Auth client. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const { supabase } = useBackend();
  const [session, setSession] = useState<Session>(undefined);

  useEffect(() => {
    const { data: { subscription } } = supabase.auth.onAuthStateChange((_event, current) => {
      const user = current?.user;
      // A refreshed token is the same user. Keeping the object avoids a render of every consumer.
      setSession((known) => {
        if (user === undefined) return null;
        return known?.id === user.id ? known : {
          id: user.id,
          email: user.email ?? "",
          isOperator: user.app_metadata?.["role"] === "operator",
        };
      });
    });
    return () => subscription.unsubscribe();
  }, [supabase]);

  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  return useContext(SessionContext);
}

/** The signed-in user. @throws Error when signed out; components behind `Gate` are always signed in */
export function useUser(): SignedInUser {
  const session = useSession();
  if (!session) throw new Error("Cannot get the user: the session is signed out");
  return session;
}

/** Returns to the sign-in screen after a response with status 401. */
export function endSession(supabase: Supabase): void {
  notifications.show({
    id: "session-ended",
    title: "Your session has ended",
    message: "Sign in again to continue",
    color: "yellow",
  });
  // Local only: the server has already ended the session, or cannot be reached.
  void supabase.auth.signOut({ scope: "local" });
}
