import { useLocation, useSearch } from "wouter";

/** What changes in a query; null removes a parameter. */
export type QueryChange = Readonly<Record<string, string | null>>;

/** A query with some parameters changed. */
export function changed(query: URLSearchParams, change: QueryChange): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(change)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  return next;
}

/** The query of the place that is shown, and what changes it in place. */
export function useUrlQuery(): [URLSearchParams, (change: QueryChange) => void] {
  const [path, navigate] = useLocation();
  const query = new URLSearchParams(useSearch());
  return [query, (change) => {
    const next = changed(query, change);
    navigate(next.size === 0 ? path : `${path}?${next}`, { replace: true });
  }];
}
