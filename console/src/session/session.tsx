import { notifications } from "@mantine/notifications";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { type Supabase, useBackend } from "../platform/backend.tsx";

/** Who is signed in. */
export interface SignedInUser {
  id: string;
  email: string;
}

/** The user, null when nobody is signed in, undefined until that is known. */
type Session = SignedInUser | null | undefined;

const SessionContext = createContext<Session>(undefined);

/** Follows the Auth client. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const { supabase } = useBackend();
  const [session, setSession] = useState<Session>(undefined);

  useEffect(() => {
    const { data: { subscription } } = supabase.auth.onAuthStateChange((_event, current) => {
      const user = current?.user;
      // A refreshed token is the same user: keeping the object spares every reader a new render.
      setSession((known) => {
        if (user === undefined) return null;
        return known?.id === user.id ? known : { id: user.id, email: user.email ?? "" };
      });
    });
    return () => subscription.unsubscribe();
  }, [supabase]);

  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  return useContext(SessionContext);
}

/** The signed-in user, for everything behind the gate. */
export function useUser(): SignedInUser {
  const session = useSession();
  if (!session) throw new Error("Cannot tell the user: nobody is signed in");
  return session;
}

/** Leads back to the sign-in screen after a call was answered with 401. */
export function endSession(supabase: Supabase): void {
  notifications.show({
    id: "session-ended",
    title: "Your session has ended",
    message: "Sign in again to go on",
    color: "yellow",
  });
  // Only here: the server has ended it already, or cannot be asked.
  void supabase.auth.signOut({ scope: "local" });
}
