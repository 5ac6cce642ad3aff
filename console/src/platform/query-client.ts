import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { isFailure } from "./failure.ts";
import { showError } from "./notify.ts";

/** How often a read is retried after a transient failure. */
const READ_RETRIES = 2;
/** A read that got no answer in time has taken ten seconds already: with one retry, the user waits at most twenty. */
const SLOW_RETRIES = 1;

/**
 * Creates the query client.
 * @param renewSession called on a 401 of any query or mutation; if it returns true, what failed is read again
 */
export function createQueryClient(renewSession: () => Promise<boolean>): QueryClient {
  const isUnauthorized = (error: unknown) => isFailure(error) && error.status === 401;
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      // A failed read is shown in place of its content, so that failing polls do not accumulate toasts.
      onError: (error, query) => {
        if (!isUnauthorized(error)) return;
        void renewSession().then((isRenewed) => {
          if (isRenewed) void client.invalidateQueries({ queryKey: query.queryKey });
        });
      },
    }),
    mutationCache: new MutationCache({
      // The control that started a mutation shows its error. One without a control says `meta: { background: true }`.
      onError: (error, _variables, _context, mutation) => {
        if (isUnauthorized(error)) void renewSession();
        else if (mutation.meta?.background === true) showError(error);
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: shouldRetry,
        // Offline, a read fails at once and says so. By default it would wait for the network, and its screen with it.
        networkMode: "always",
        refetchOnReconnect: true,
      },
      // The same for actions: a button never waits for the network. The outbox of messages waits by a setting of its own.
      mutations: { networkMode: "always" },
    },
  });
  return client;
}

function shouldRetry(count: number, error: unknown): boolean {
  if (!isFailure(error) || !error.isTransient) return false;
  return count < (error.code === "timed_out" ? SLOW_RETRIES : READ_RETRIES);
}
