import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createContext, type ReactNode, useContext } from "react";
import type { Database } from "../../../supabase/functions/_shared/database.types.ts";
import type { ConsoleConfig } from "../config.ts";
import { type CallFunction, functionCaller } from "./call-function.ts";

export type Supabase = SupabaseClient<Database>;

/** Everything behind the console: who it talks to, and how. */
export interface Backend {
  config: ConsoleConfig;
  supabase: Supabase;
  callFunction: CallFunction;
}

/** Connects to the project that the configuration names. */
export function createBackend(config: ConsoleConfig): Backend {
  const supabase = createClient<Database>(config.supabaseUrl, config.publishableKey);
  const accessToken = async () => (await supabase.auth.getSession()).data.session?.access_token ?? null;
  return { config, supabase, callFunction: functionCaller({ ...config, accessToken }) };
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
