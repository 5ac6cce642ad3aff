import { type QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Switchboard } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";
import { type Conversation, conversationId, type Sides } from "./conversations.ts";
import { type ConversationRows, idOf, withChange, withHead, withTail } from "./conversation-rows.ts";
import { conversationsQueryOf, type Filters } from "./filters.ts";
import { CONVERSATIONS_KEY, REFRESH_MS, UNREAD_KEY } from "./use-unread-conversations.ts";

export { CONVERSATIONS_KEY, UNREAD_KEY };

const PAGE_SIZE = 50;
/** The server's largest page: this many conversations are read again as a whole. */
const LARGEST_PAGE = 200;
/** With a filter, pages can be short or empty before the end. This many are read before the reader is asked. */
const MOST_PAGES = 6;
/** With fewer new rows, the next page is read at once. */
const ENOUGH_ROWS = 20;

/** The query key of a list. */
export const listKey = (filters: Filters) => [...CONVERSATIONS_KEY, filters];

/** The conversations that match, latest message first; `more` reads on. */
export function useConversations(filters: Filters) {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  const queryKey = listKey(filters);
  const list = useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const loaded = queryClient.getQueryData<ConversationRows>(queryKey)?.rows.length ?? 0;
      const limit = Math.min(Math.max(loaded, PAGE_SIZE), LARGEST_PAGE);
      const head = await read(switchboard, filters, { limit, cursor: undefined, signal });
      queryClient.setQueryData(UNREAD_KEY, head.unreadConversations);
      return withHead(queryClient.getQueryData(queryKey), head);
    },
    refetchInterval: REFRESH_MS,
    // While a search is typed, its last results stay visible.
    placeholderData: (known, query) => isSearchOnly(query?.queryKey[1], filters) ? known : undefined,
  });
  const more = useMutation({
    mutationFn: (cursor: string) => read(switchboard, filters, { limit: PAGE_SIZE, cursor, signal: undefined }),
    onSuccess: (tail, cursor) => {
      queryClient.setQueryData<ConversationRows>(queryKey, (known) => known && withTail(known, cursor, tail));
    },
  });
  const next = list.isPlaceholderData ? null : list.data?.next ?? null;
  return {
    conversations: list.data?.rows,
    /** What is listed belongs to the search before. */
    isOld: list.isPlaceholderData,
    error: list.error,
    retry: () => void list.refetch(),
    hasMore: next !== null,
    more: () => {
      if (next !== null && !more.isPending) more.mutate(next);
    },
    isLoadingMore: more.isPending,
    moreError: more.error,
  };
}

function isSearchOnly(before: unknown, { search: _, ...filters }: Filters): boolean {
  const { search: _before, ...known } = (before ?? {}) as Partial<Filters>;
  return JSON.stringify(known) === JSON.stringify(filters);
}

interface Reading {
  limit: number;
  cursor: string | undefined;
  signal: AbortSignal | undefined;
}

/** Reads pages until there are enough rows, the list ends, or enough pages were read. */
async function read(switchboard: Switchboard, filters: Filters, { limit, cursor, signal }: Reading) {
  const rows: Conversation[] = [];
  const query = conversationsQueryOf(filters);
  for (let pages = 1;; pages++) {
    const page = await switchboard.listConversations({ ...query, limit, cursor }, { signal });
    rows.push(...page.conversations);
    if (page.next === null || rows.length >= ENOUGH_ROWS || pages === MOST_PAGES) {
      return { rows, next: page.next, unreadConversations: page.unreadConversations };
    }
    cursor = page.next;
  }
}

/** One conversation, also if the list has not loaded it; null without a message between the two numbers. */
export function useConversation({ own, peer }: Sides) {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  const id = conversationId({ own, peer });
  return useQuery<Conversation | null>({
    queryKey: [...CONVERSATIONS_KEY, { id }],
    queryFn: async ({ signal }) => {
      const page = await switchboard.listConversations({ number: own, with: peer, limit: 1 }, { signal });
      return page.conversations[0] ?? null;
    },
    placeholderData: () => listed(queryClient, id),
  });
}

function listed(queryClient: QueryClient, id: string): Conversation | undefined {
  const lists = queryClient.getQueriesData<ConversationRows | Conversation | null>({ queryKey: CONVERSATIONS_KEY });
  return lists.flatMap(([, known]) => known && "rows" in known ? known.rows : known ?? []).find((row) =>
    idOf(row) === id
  );
}

/** Changes a conversation wherever it is loaded. */
export function changeConversation(
  queryClient: QueryClient,
  id: string,
  change: Partial<Pick<Conversation, "unread" | "contact">>,
): void {
  queryClient.setQueriesData<ConversationRows | Conversation | null>({ queryKey: CONVERSATIONS_KEY }, (known) => {
    if (known && "rows" in known) return withChange(known, id, change);
    return known && idOf(known) === id ? { ...known, ...change } : known;
  });
}
