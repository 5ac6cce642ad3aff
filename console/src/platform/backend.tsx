import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createContext, type ReactNode, useContext } from "react";
import { createSwitchboard, type Switchboard } from "../../../client/switchboard.ts";
import type { Database } from "../../../supabase/functions/_shared/database.types.ts";
import { boundedFetch } from "./bounded-fetch.ts";
import type { ConsoleConfig } from "./config.ts";
import { withNewestToken } from "./newest-token.ts";

export type Supabase = SupabaseClient<Database>;

/** The console's configuration and its clients for the backend. */
export interface Backend {
  config: ConsoleConfig;
  supabase: Supabase;
  /** Calls the functions as the signed-in user. */
  switchboard: Switchboard;
}

/** Connects to the project that the configuration names. */
export function createBackend(config: ConsoleConfig): Backend {
  const supabase: Supabase = createClient<Database>(config.supabaseUrl, config.publishableKey, {
    global: { fetch: withNewestToken(boundedFetch, () => supabase.auth) },
    db: { retry: false },
    // The session takes the tokens of a mail's link out of the URL: the client would leave them in the browser's history.
    auth: { detectSessionInUrl: false },
  });
  // No retries in the clients: the query client repeats reads, and the user repeats actions.
  return { config, supabase, switchboard: createSwitchboard(supabase, { retries: 0 }) };
}

const BackendContext = createContext<Backend | null>(null);

export function BackendProvider({ backend, children }: { backend: Backend; children: ReactNode }) {
  return <BackendContext value={backend}>{children}</BackendContext>;
}

export function useBackend(): Backend {
  const backend = useContext(BackendContext);
  if (backend === null) throw new Error("Cannot use the backend outside of BackendProvider");
  return backend;
}
