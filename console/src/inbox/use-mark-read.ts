import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import { tellOtherTabs } from "../platform/tabs.ts";
import { useUser } from "../session/session.tsx";
import { conversationId, type Sides } from "./conversations.ts";
import { changeConversation, CONVERSATIONS_KEY, UNREAD_KEY } from "./use-conversations.ts";

export interface ReadChange extends Sides {
  /** The `createdAt` of the newest message that was shown; without it, everything received is read. */
  until?: string;
  /** Marks the newest received message as unread instead. */
  unread?: true;
}

/**
 * Marks a conversation as read, or as unread again, here and in the user's other tabs.
 * @param isAsked whether the user asks for it: else a failure is not said, and the caller tries again
 */
export function useMarkRead({ isAsked = true } = {}) {
  const { switchboard } = useBackend();
  const { id: userId } = useUser();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ own, peer, ...mark }: ReadChange) => switchboard.markRead({ number: own, with: peer, ...mark }),
    onMutate: ({ unread, until, ...sides }) => {
      // Without waiting for the response: only what it says about later messages is not known yet.
      if (unread || until === undefined) {
        changeConversation(queryClient, conversationId(sides), { unread: unread ? 1 : 0 });
      }
    },
    onSuccess: ({ unread, unreadConversations }, sides) => {
      changeConversation(queryClient, conversationId(sides), { unread });
      queryClient.setQueryData(UNREAD_KEY, unreadConversations);
      tellOtherTabs(userId, [CONVERSATIONS_KEY, UNREAD_KEY]);
    },
    // A list that was being read meanwhile may be from before the change.
    onSettled: () => queryClient.invalidateQueries({ queryKey: CONVERSATIONS_KEY }),
    meta: { background: isAsked },
  });
}
