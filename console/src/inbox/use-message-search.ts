import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import type { ListedMessage } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";
import type { Filters } from "./filters.ts";

const PAGE_SIZE = 20;
/** A page can be short, or empty, before the end: this many are read until there is a message. */
const MOST_PAGES = 4;

export type FoundMessage = ListedMessage;

/** The messages whose text matches a search, newest first. */
export function useMessageSearch({ search, number }: Pick<Filters, "search" | "number">) {
  const { switchboard } = useBackend();
  return useInfiniteQuery({
    queryKey: ["message-search", { search, number }],
    queryFn: async ({ pageParam, signal }) => {
      const query = { search, number, limit: PAGE_SIZE };
      let page = await switchboard.listMessages({ ...query, cursor: pageParam }, { signal });
      for (let pages = 1; page.messages.length === 0 && page.next !== null && pages < MOST_PAGES; pages++) {
        page = await switchboard.listMessages({ ...query, cursor: page.next }, { signal });
      }
      return page;
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    enabled: search !== undefined,
    placeholderData: keepPreviousData,
  });
}
