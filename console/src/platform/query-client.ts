import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { showError } from "./error-toast.tsx";
import { isFailure } from "./failure.ts";

/** How often a read is tried again when the server is out of reach or stumbles. */
const READ_RETRIES = 2;

/** The cache of everything read. A 401, wherever it comes from, ends the session through `onUnauthorized`. */
export function createQueryClient(onUnauthorized: () => void): QueryClient {
  const isUnauthorized = (error: unknown) => isFailure(error) && error.status === 401;
  return new QueryClient({
    queryCache: new QueryCache({
      // A failed read is shown where its content would be; polls that fail must not pile up toasts.
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
