import { QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { createQueryClient } from "../platform/query-client.ts";
import { useSession, useSessionStore } from "./session.tsx";

/** Gives each user a separate query cache, so that one user's data is never shown to the next. */
export function UserQueries({ children }: { children: ReactNode }) {
  const store = useSessionStore();
  const userId = useSession()?.id;
  const client = useMemo(() => {
    // A late response to the user before does not end the session of this one.
    const signIn = store.signIn();
    return createQueryClient(() => store.renewOrEnd(signIn));
  }, [store, userId]);
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}
