import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Hash, Keyboard, MessageSquare, SquarePen, User, UserPlus } from "lucide-react";
import { useLocation } from "wouter";
import { openContact } from "../contacts/open-contact.tsx";
import { nameOf } from "../contacts/contact-name.tsx";
import { idOf } from "../inbox/conversation-rows.ts";
import { openSendMessage } from "../send-message/open-send-message.tsx";
import { pathOf, sidesOf } from "../inbox/conversations.ts";
import { showShortcuts } from "../inbox/shortcuts.tsx";
import { readable } from "../phone/phone-format.ts";
import { useBackend } from "../platform/backend.tsx";
import {
  type Action,
  FOUND,
  type Found,
  SpotlightFrame,
  type SpotlightProps,
  TYPING_MS,
  useCommonActions,
} from "./spotlight-frame.tsx";

/** The spotlight of tenants: their screens, actions, conversations and contacts. */
export function Spotlight({ screens }: SpotlightProps) {
  const actions = useActions();
  return (
    <SpotlightFrame
      screens={screens}
      label="Search for screens, actions, conversations and contacts"
      actions={actions}
      useFound={useFound}
    />
  );
}

function useActions(): Action[] {
  const { colors, account, signOut } = useCommonActions();
  const [, navigate] = useLocation();
  return [
    {
      id: "new-message",
      label: "New message",
      keywords: "send write sms text",
      icon: SquarePen,
      run: () => openSendMessage(),
    },
    { id: "new-contact", label: "New contact", keywords: "add person", icon: UserPlus, run: () => openContact() },
    { id: "buy-number", label: "Buy a number", keywords: "find phone", icon: Hash, run: () => navigate("/numbers") },
    ...colors,
    account,
    { id: "shortcuts", label: "Keyboard shortcuts", keywords: "keys help", icon: Keyboard, run: showShortcuts },
    signOut,
  ];
}

/** The conversations and contacts whose name or number matches. */
function useFound(typed: string): Found {
  const { switchboard } = useBackend();
  const [, navigate] = useLocation();
  const [search] = useDebouncedValue(typed, TYPING_MS);
  const isWanted = search !== "" && typed !== "";
  const conversations = useQuery({
    queryKey: ["conversations", { spotlight: search }],
    queryFn: async ({ signal }) => ({
      rows: (await switchboard.listConversations({ search, limit: FOUND }, { signal })).conversations,
      next: null,
    }),
    enabled: isWanted,
  });
  const contacts = useQuery({
    queryKey: ["contacts", { spotlight: search }],
    queryFn: ({ signal }) => switchboard.contacts({ search, limit: FOUND }, { signal }),
    enabled: isWanted,
  });
  return {
    groups: [
      [
        "Conversations",
        (isWanted ? conversations.data?.rows ?? [] : []).map((conversation): Action => ({
          id: `conversation ${idOf(conversation)}`,
          label: nameOf(conversation.with, conversation.contact),
          description: conversation.lastMessage.body ?? readable(conversation.with),
          icon: MessageSquare,
          run: () => navigate(pathOf(sidesOf(conversation))),
        })),
      ],
      [
        "Contacts",
        (isWanted ? contacts.data?.contacts ?? [] : []).map((contact): Action => ({
          id: `contact ${contact.phoneNumber}`,
          label: nameOf(contact.phoneNumber, contact),
          description: readable(contact.phoneNumber),
          icon: User,
          run: () => openContact({ phoneNumber: contact.phoneNumber }),
        })),
      ],
    ],
    isSearching: search !== typed || conversations.isFetching || contacts.isFetching,
    failure: isWanted && (conversations.isError || contacts.isError)
      ? "Conversations and contacts could not be searched"
      : null,
  };
}
