import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ContactChange, ContactImport, ContactsQuery } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";
import { tellOtherTabs } from "../platform/tabs.ts";
import { useUser } from "../session/session.tsx";

/** Every list of contacts, and every single one. */
export const CONTACTS_KEY = ["contacts"];
/** Lists that show the names of contacts, too. */
const NAMED_LISTS = [["conversations"]];

export type { Contact } from "../../../client/switchboard.ts";

/** The contacts that match, by name. */
export function useContacts(query: Pick<ContactsQuery, "search" | "tag">) {
  const { switchboard } = useBackend();
  return useInfiniteQuery({
    queryKey: [...CONTACTS_KEY, query],
    queryFn: ({ pageParam, signal }) => switchboard.contacts({ ...query, cursor: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
  });
}

/** The contact with a number; null without one. */
export function useContact(phoneNumber: string | undefined) {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: [...CONTACTS_KEY, { phoneNumber }],
    queryFn: async ({ signal }) => {
      const { contacts } = await switchboard.contacts({ phoneNumber, limit: 1 }, { signal });
      return contacts[0] ?? null;
    },
    enabled: phoneNumber !== undefined,
    staleTime: 60_000,
  });
}

/** The tenant's tags, by name. */
export function useTags() {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: [...CONTACTS_KEY, "tags"],
    queryFn: ({ signal }) => switchboard.contactTags({ signal }),
    select: ({ tags }) => tags.map(({ tag }) => tag),
    staleTime: 60_000,
  });
}

/** Reads everything again that shows contacts, here and in the user's other tabs. */
function useRefresh(): () => Promise<void> {
  const queryClient = useQueryClient();
  const { id: userId } = useUser();
  return async () => {
    const keys = [CONTACTS_KEY, ...NAMED_LISTS];
    tellOtherTabs(userId, keys);
    await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  };
}

export function useSaveContact() {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: (change: ContactChange) => switchboard.saveContact(change),
    onSuccess: useRefresh(),
  });
}

export function useDeleteContact() {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: (phoneNumber: string) => switchboard.deleteContact({ phoneNumber }),
    onSuccess: useRefresh(),
  });
}

export function useImportContacts() {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: (contacts: ContactImport) => switchboard.importContacts(contacts),
    onSuccess: useRefresh(),
  });
}
