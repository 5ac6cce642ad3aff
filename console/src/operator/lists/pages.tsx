import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";

/** What a list needs of `useInfiniteQuery`. */
export interface Pages<Page> {
  data: { pages: Page[] } | undefined;
  error: unknown;
  refetch: () => unknown;
  hasNextPage: boolean;
  fetchNextPage: () => unknown;
  isFetchingNextPage: boolean;
}

export interface PagedProps<Page, Item> {
  /** What is loading, and what there is more of: `usage`. */
  noun: string;
  pages: Pages<Page>;
  itemsOf: (page: Page) => readonly Item[];
  /** Shown for a list without items. */
  empty: ReactNode;
  children: (items: readonly Item[]) => ReactNode;
}

/** The pages of a list that were read so far, with what is shown while there are none and a button for the next. */
export function Paged<Page, Item>({ noun, pages, itemsOf, empty, children }: PagedProps<Page, Item>) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = pages;
  if (data === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={240} label={`Loading ${noun}`} />;
  }
  const items = data.pages.flatMap(itemsOf);
  if (items.length === 0 && !hasNextPage) return empty;
  return (
    <>
      {children(items)}
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {hasNextPage && (
        <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>More {noun}</Button>
      )}
    </>
  );
}
