import { useQueries } from "@tanstack/react-query";
import { useBackend } from "../../platform/backend.tsx";

/** The most ids of one read. */
const MOST = 100;
const STALE_MS = 300_000;

/** The addresses of the tenants that a list names by id. Until they are read, and where that fails, there is none. */
export function useEmails(userIds: readonly string[]): ReadonlyMap<string, string> {
  const { switchboard: { admin } } = useBackend();
  const ids = [...new Set(userIds)];
  const parts = Array.from(
    { length: Math.ceil(ids.length / MOST) },
    (_, part) => ids.slice(part * MOST, (part + 1) * MOST),
  );
  return useQueries({
    queries: parts.map((part) => ({
      queryKey: ["operator", "emails", part],
      queryFn: ({ signal }: { signal: AbortSignal }) => admin.tenantEmails(part, { signal }),
      staleTime: STALE_MS,
    })),
    combine: (reads) => new Map(reads.flatMap(({ data }) => [...data ?? []])),
  });
}
