import { QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { useBackend } from "../platform/backend.tsx";
import { createQueryClient } from "../platform/query-client.ts";
import { endSession, useSession } from "./session.tsx";

/** Gives each user a separate query cache, so that one user's data is never shown to the next. */
export function UserQueries({ children }: { children: ReactNode }) {
  const { supabase } = useBackend();
  const userId = useSession()?.id;
  const client = useMemo(() => createQueryClient(() => endSession(supabase)), [supabase, userId]);
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}
