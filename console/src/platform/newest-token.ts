import type { SupabaseClient } from "@supabase/supabase-js";

type Auth = Pick<SupabaseClient["auth"], "getSession" | "onAuthStateChange">;

const AUTH = "/auth/v1/";
/** How many tokens are remembered: requests with older ones have ended. */
const REMEMBERED = 8;

/**
 * `fetch` that repeats a request once when it was rejected with a token that was renewed while it was under way: its response
 * says nothing about the session. A 401 changes nothing at the server, so an action may be repeated as well. Never repeats the
 * request of one user as another.
 * @param authOf the Auth client, which is made after its `fetch`
 */
export function withNewestToken(send: typeof fetch, authOf: () => Auth): typeof fetch {
  const users = new Map<string, string>();
  let isListening = false;

  function listen(): void {
    if (isListening) return;
    isListening = true;
    authOf().onAuthStateChange((_event, session) => {
      if (session === null) return;
      users.set(session.access_token, session.user.id);
      const [oldest] = users.keys();
      if (users.size > REMEMBERED && oldest !== undefined) users.delete(oldest);
    });
  }

  return async (input, init) => {
    if (input instanceof Request || String(input).includes(AUTH)) return await send(input, init);
    listen();
    const response = await send(input, init);
    if (response.status !== 401) return response;
    const headers = new Headers(init?.headers);
    const user = users.get(headers.get("authorization")?.replace(/^Bearer /i, "") ?? "");
    // Waits for a renewal that is under way.
    const { data: { session } } = await authOf().getSession();
    const isNewer = session !== null && headers.get("authorization") !== `Bearer ${session.access_token}`;
    if (!isNewer || session.user.id !== user) return response;
    await response.body?.cancel();
    headers.set("authorization", `Bearer ${session.access_token}`);
    return await send(input, { ...init, headers });
  };
}
