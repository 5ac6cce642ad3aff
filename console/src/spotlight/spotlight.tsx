import { useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { createSpotlight, Spotlight as MantineSpotlight } from "@mantine/spotlight";
import { useQuery } from "@tanstack/react-query";
import {
  Hash,
  Keyboard,
  LogOut,
  type LucideIcon,
  MessageSquare,
  Search,
  Settings,
  SquarePen,
  User,
  UserPlus,
} from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { openContact } from "../contacts/open-contact.tsx";
import { nameOf } from "../contacts/contact-name.tsx";
import { idOf } from "../inbox/conversation-rows.ts";
import { openSendMessage } from "../send-message/open-send-message.tsx";
import { pathOf, sidesOf } from "../inbox/conversations.ts";
import { showShortcuts } from "../inbox/shortcuts.tsx";
import { readable } from "../phone/phone-format.ts";
import { useBackend } from "../platform/backend.tsx";
import { COLOR_SCHEMES } from "../platform/color-schemes.ts";
import { matchesSearch } from "../platform/marks.ts";
import { ACCOUNT_PATH } from "../session/session-store.ts";
import { useSessionStore } from "../session/session.tsx";

const TYPING_MS = 200;
const FOUND = 5;

export interface SpotlightProps {
  screens: readonly { path: string; label: string; icon: LucideIcon }[];
}

/** Cuts long words off. */
/** On the dialog itself: other properties are of the element around it. */
const ATTRIBUTES = { content: { "aria-label": "Search and commands" } };
const CLASS_NAMES = { actionBody: "found-body", actionLabel: "found-text", actionDescription: "found-text" };

const [store, spotlight] = createSpotlight();
export const openSpotlight = spotlight.open;

/** Something to do, or a place to go to. */
interface Action {
  id: string;
  label: string;
  /** What else it is found by. */
  keywords?: string;
  description?: string;
  icon: LucideIcon;
  run: () => void;
}

/** Goes to a screen, a conversation or a contact, or starts an action, by typing. */
export function Spotlight({ screens }: SpotlightProps) {
  const [query, setQuery] = useState("");
  const search = query.trim();
  const found = useFound(search);
  useEffect(() => spotlight.open(), []);

  const [, navigate] = useLocation();
  const places = screens.map(({ path, label, icon }): Action => ({
    id: path,
    label,
    keywords: "go to open",
    icon,
    run: () => navigate(path),
  }));
  const groups: [string, Action[]][] = [
    ["Go to", matching(places, search)],
    ["Actions", matching(useActions(), search)],
    ["Conversations", found.conversations],
    ["Contacts", found.contacts],
  ];
  const count = groups.reduce((sum, [, actions]) => sum + actions.length, 0);
  const isEmpty = count === 0;
  useFirstSelected(search, count);

  return (
    <MantineSpotlight.Root
      attributes={ATTRIBUTES}
      store={store}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={() => setQuery("")}
      shortcut={null}
      scrollable
      maxHeight={420}
      radius="lg"
      transitionProps={{ duration: 100 }}
    >
      <MantineSpotlight.Search
        aria-label="Search for screens, actions, conversations and contacts"
        placeholder="Search or choose"
        leftSection={<Search size={18} aria-hidden />}
        maxLength={200}
      />
      <MantineSpotlight.ActionsList>
        {groups.filter(([, actions]) => actions.length > 0).map(([label, actions]) => (
          <MantineSpotlight.ActionsGroup key={label} label={label}>
            {actions.map(({ id, label, description, icon: Icon, run }) => (
              <MantineSpotlight.Action
                key={id}
                label={label}
                {...(description !== undefined && { description })}
                classNames={CLASS_NAMES}
                leftSection={<Icon size={18} strokeWidth={1.7} aria-hidden />}
                onClick={run}
              />
            ))}
          </MantineSpotlight.ActionsGroup>
        ))}
        {isEmpty && !found.hasFailed && (
          <MantineSpotlight.Empty style={{ overflowWrap: "anywhere" }}>
            {found.isSearching ? "Searching…" : `Nothing matches “${search}”`}
          </MantineSpotlight.Empty>
        )}
        {found.hasFailed && (
          <MantineSpotlight.Empty>Conversations and contacts could not be searched</MantineSpotlight.Empty>
        )}
      </MantineSpotlight.ActionsList>
    </MantineSpotlight.Root>
  );
}

/** Selects the first of what a search finds, so that Enter chooses it. What the arrow keys selected stays selected. */
function useFirstSelected(search: string, count: number): void {
  const last = useRef(search);
  useEffect(() => {
    const isNew = last.current !== search;
    last.current = search;
    if (search === "" || count === 0) return;
    const { listId, selected } = store.getState();
    if (!isNew && selected >= 0) return;
    const found = document.getElementById(listId)?.querySelectorAll("[data-action]") ?? [];
    for (const action of found) action.removeAttribute("data-selected");
    found[0]?.setAttribute("data-selected", "true");
    store.updateState((state) => ({ ...state, selected: 0 }));
  }, [search, count]);
}

function matching(actions: readonly Action[], search: string): Action[] {
  return actions.filter(({ label, keywords = "" }) => matchesSearch(`${label} ${keywords}`, search));
}

function useActions(): Action[] {
  const session = useSessionStore();
  const { setColorScheme } = useMantineColorScheme();
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
    ...COLOR_SCHEMES.map(({ value, label, icon }): Action => ({
      id: `colors ${value}`,
      label: `Colors: ${label}`,
      keywords: "theme scheme",
      icon,
      run: () => setColorScheme(value),
    })),
    { id: "account", label: "Account", keywords: "email password", icon: Settings, run: () => navigate(ACCOUNT_PATH) },
    { id: "shortcuts", label: "Keyboard shortcuts", keywords: "keys help", icon: Keyboard, run: showShortcuts },
    {
      id: "sign-out",
      label: "Sign out",
      keywords: "log out leave",
      icon: LogOut,
      run: () => void session.signOut("local"),
    },
  ];
}

/** The conversations and contacts whose name or number matches. */
function useFound(typed: string) {
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
    conversations: (isWanted ? conversations.data?.rows ?? [] : []).map((conversation): Action => ({
      id: `conversation ${idOf(conversation)}`,
      label: nameOf(conversation.with, conversation.contact),
      description: conversation.lastMessage.body ?? readable(conversation.with),
      icon: MessageSquare,
      run: () => navigate(pathOf(sidesOf(conversation))),
    })),
    contacts: (isWanted ? contacts.data?.contacts ?? [] : []).map((contact): Action => ({
      id: `contact ${contact.phoneNumber}`,
      label: nameOf(contact.phoneNumber, contact),
      description: readable(contact.phoneNumber),
      icon: User,
      run: () => openContact({ phoneNumber: contact.phoneNumber }),
    })),
    isSearching: search !== typed || conversations.isFetching || contacts.isFetching,
    hasFailed: isWanted && (conversations.isError || contacts.isError),
  };
}
