import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { showError } from "./error-toast.tsx";
import { isFailure } from "./failure.ts";

/** How often a read is retried after a transient failure. */
const READ_RETRIES = 2;

/** Creates the query client. A 401 of any query or mutation calls `onUnauthorized`. */
export function createQueryClient(onUnauthorized: () => void): QueryClient {
  const isUnauthorized = (error: unknown) => isFailure(error) && error.status === 401;
  return new QueryClient({
    queryCache: new QueryCache({
      // A failed read is shown in place of its content, so that failing polls do not accumulate toasts.
      onError: (error) => isUnauthorized(error) && onUnauthorized(),
    }),
    mutationCache: new MutationCache({
      onError: (error, _variables, _context, mutation) => {
        if (isUnauthorized(error)) onUnauthorized();
        else if (mutation.meta?.shownInPlace !== true) showError(error);
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (count, error) => count < READ_RETRIES && isFailure(error) && error.isTransient,
      },
    },
  });
}
