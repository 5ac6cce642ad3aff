import { ActionIcon, Badge, Menu, Text, Title } from "@mantine/core";
import { ArrowLeft, BellOff, Copy, Ellipsis, MailOpen, UserPen, UserPlus } from "lucide-react";
import { useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { openContact } from "../contacts/open-contact.tsx";
import { nameOf } from "../contacts/contact-name.tsx";
import { useContact } from "../contacts/use-contacts.ts";
import { useNumbers } from "../numbers/use-numbers.ts";
import { announce } from "../platform/notify.ts";
import { readable } from "../phone/phone-format.ts";
import { SendMessage } from "../send-message/send-message.tsx";
import { pathOf, type Sides } from "./conversations.ts";
import { Thread } from "./thread/thread.tsx";
import { useConversation } from "./use-conversations.ts";

export interface ConversationPaneProps {
  sides: Sides;
  /** The message to show; without it, the newest. */
  at: string | undefined;
  /** The path of the list. */
  listPath: string;
  /** Marks the conversation as unread and returns to the list. */
  onMarkUnread: () => void;
}

/** One conversation: its header, its messages and the reply box. */
export function ConversationPane({ sides, at, listPath, onMarkUnread }: ConversationPaneProps) {
  const [, navigate] = useLocation();
  return (
    <section className="pane" aria-label={`Conversation with ${readable(sides.peer)}`}>
      <PaneHeader sides={sides} listPath={listPath} onMarkUnread={onMarkUnread} />
      <Thread sides={sides} at={at} />
      <SendMessage
        to={sides.peer}
        from={sides.own}
        showsPending={false}
        onSent={({ from, to }) => {
          // The number of this conversation is gone, and it was continued from another one.
          if (from !== sides.own) navigate(pathOf({ own: from, peer: to }));
        }}
      />
    </section>
  );
}

function PaneHeader({ sides: { own, peer }, listPath, onMarkUnread }: Omit<ConversationPaneProps, "at">) {
  const { data: conversation } = useConversation({ own, peer });
  const { data: contact } = useContact(peer);
  const { data: numbers } = useNumbers();
  const isShared = numbers?.source === "master" && numbers.numbers.some(({ phoneNumber }) => phoneNumber === own);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const known = contact ?? conversation?.contact;
  const tags = known?.tags ?? [];
  return (
    <header className="pane-header">
      <ActionIcon
        component={Link}
        href={listPath}
        variant="subtle"
        color="gray"
        aria-label="All conversations"
        className="pane-back"
      >
        <ArrowLeft size={20} />
      </ActionIcon>
      <div className="pane-names">
        <Title order={2} size="h5" ref={heading} tabIndex={-1} className="digits pane-name">
          {nameOf(peer, known)}
        </Title>
        <Text size="xs" c="dimmed" className="digits" truncate>
          {known?.name && `${readable(peer)} · `}
          {isShared ? "through the shared number" : "with your number"} {readable(own)}
        </Text>
      </div>
      <div className="pane-marks">
        {tags.slice(0, 2).map((tag) => (
          <Badge key={tag} variant="default" size="sm" tt="none" maw={140} visibleFrom="md">{tag}</Badge>
        ))}
        {conversation?.optedOut && (
          <Badge variant="light" color="red" leftSection={<BellOff size={12} aria-hidden />}>Opted out</Badge>
        )}
      </div>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label="Actions of this conversation">
            <Ellipsis size={20} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={contact ? <UserPen size={16} /> : <UserPlus size={16} />}
            onClick={() => openContact({ phoneNumber: peer })}
          >
            {contact ? "Edit contact" : "Add to contacts"}
          </Menu.Item>
          <Menu.Item leftSection={<MailOpen size={16} />} onClick={onMarkUnread}>Mark as unread</Menu.Item>
          <Menu.Item
            leftSection={<Copy size={16} />}
            onClick={() => void copy(peer)}
          >
            Copy the number
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </header>
  );
}

async function copy(phoneNumber: string): Promise<void> {
  try {
    await globalThis.navigator.clipboard.writeText(phoneNumber);
    announce({ title: `${readable(phoneNumber)} is copied` });
  } catch {
    // Pages without TLS have no clipboard.
    announce({ kind: "warning", title: "The browser does not let this page copy", message: phoneNumber });
  }
}
