import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Contact } from "../../../client/switchboard.ts";
import { useSending } from "./provider.tsx";

const MOST = 8;

/** The contacts whose name or number begins with the text. Empty while there are none, or while they are not known. */
export function useContactSearch(text: string): readonly Contact[] {
  const { switchboard } = useSending();
  const search = text.trim();
  const { data } = useQuery({
    queryKey: ["contacts", "search", search],
    queryFn: async () => (await switchboard.contacts({ search, limit: MOST })).contacts,
    enabled: isSearch(search),
    placeholderData: keepPreviousData,
    retry: false,
  });
  return isSearch(search) ? data ?? [] : [];
}

/** The server searches words, or three digits and more. */
function isSearch(text: string): boolean {
  return /\p{L}/u.test(text) || text.replace(/\D/g, "").length >= 3;
}

/** The number of the tenant's that wrote to a recipient last, or received their last message; null without a message. */
export function useLastSender(peer: string | null): string | null {
  const { switchboard } = useSending();
  const { data } = useQuery({
    queryKey: ["thread", "last", peer],
    queryFn: async () => {
      const { messages: [latest] } = await switchboard.listMessages({ with: peer!, limit: 1 });
      if (latest === undefined) return null;
      return latest.direction === "outbound" ? latest.from : latest.to;
    },
    enabled: peer !== null,
    retry: false,
  });
  return data ?? null;
}
