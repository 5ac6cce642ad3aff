import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Supabase, useBackend } from "../platform/backend.tsx";
import { rowsOf } from "../platform/read-rows.ts";
import { useUser } from "../session/session.tsx";
import { type Ledger, withEarlier, withNewest } from "./ledger.ts";
import { COLUMNS, type Message } from "./message.ts";

export const MESSAGES_KEY = ["messages"];
const PAGE_SIZE = 100;
/** Polls stop while the page is hidden. */
const POLL_MS = 2_000;

/** The tenant's messages, newest first, kept up to date. */
export function useMessages() {
  const { supabase } = useBackend();
  const { id: userId } = useUser();
  const queryClient = useQueryClient();
  return useQuery({
    queryKey: MESSAGES_KEY,
    queryFn: async () => {
      const newest = await readPage(supabase, userId);
      return withNewest(queryClient.getQueryData<Ledger>(MESSAGES_KEY), newest, PAGE_SIZE);
    },
    refetchInterval: POLL_MS,
  });
}

/** Loads one page of earlier messages. */
export function useEarlierMessages() {
  const { supabase } = useBackend();
  const { id: userId } = useUser();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () =>
      readPage(supabase, userId, queryClient.getQueryData<Ledger>(MESSAGES_KEY)?.messages.at(-1)?.created_at),
    onSuccess: (page) => {
      queryClient.setQueryData<Ledger>(MESSAGES_KEY, (known) => known && withEarlier(known, page, PAGE_SIZE));
    },
  });
}

/** Reads up to and including `until`, so that messages with equal timestamps are not lost between two pages. */
async function readPage(supabase: Supabase, userId: string, until?: string): Promise<Message[]> {
  const newestFirst = supabase.from("sms_messages").select(COLUMNS).eq("user_id", userId)
    .order("created_at", { ascending: false }).order("id").limit(PAGE_SIZE);
  return rowsOf("messages", await (until === undefined ? newestFirst : newestFirst.lte("created_at", until)));
}
