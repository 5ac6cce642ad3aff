import { RealtimeClient, type RealtimeClientOptions } from "@supabase/realtime-js";
import type { SupabaseClient } from "@supabase/supabase-js";

export interface RealtimeProject {
  /** The project's URL. */
  supabaseUrl: string;
  publishableKey: string;
  supabase: { auth: Pick<SupabaseClient["auth"], "getSession" | "onAuthStateChange"> };
  options?: Pick<RealtimeClientOptions, "reconnectAfterMs" | "disconnectOnEmptyChannelsAfterMs">;
}

/** A client of the project's Realtime as the signed-in user of `supabase`, and with the tokens that it renews. */
export interface Realtime {
  client: RealtimeClient;
  /** Ends the connection. */
  close(): void;
}

/**
 * Connects to Realtime. supabase-js has a client of its own, which the build leaves out: it would be loaded before a visitor
 * has signed in, also for a project without Realtime. This module is loaded when the inbox follows messages.
 */
export function openRealtime({ supabaseUrl, publishableKey, supabase, options }: RealtimeProject): Realtime {
  const client = new RealtimeClient(`${supabaseUrl.replace(/^http/, "ws")}/realtime/v1`, {
    ...options,
    params: { apikey: publishableKey },
    accessToken: async () => (await supabase.auth.getSession()).data.session?.access_token ?? publishableKey,
  });
  const { data: { subscription } } = supabase.auth.onAuthStateChange((event) => {
    // Not awaited: the session is locked until this function returns.
    if (event === "TOKEN_REFRESHED" || event === "SIGNED_IN") void client.setAuth().catch(() => {});
  });
  return {
    client,
    close() {
      subscription.unsubscribe();
      void client.removeAllChannels();
      client.disconnect();
    },
  };
}
