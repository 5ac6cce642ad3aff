import { Badge, Text, VisuallyHidden } from "@mantine/core";
import { BellOff, CornerUpRight } from "lucide-react";
import { Link } from "wouter";
import { ContactName } from "../contacts/contact-name.tsx";
import { readable } from "../phone/phone-format.ts";
import { timeOrDay } from "../platform/dates.ts";
import { type Conversation, pathOf, sidesOf } from "./conversations.ts";
import { idOf } from "./conversation-rows.ts";
import { lookOf } from "./status.ts";

export interface ConversationRowProps {
  conversation: Conversation;
  /** What follows the path in the link: the filters. */
  query?: string;
  isOpen?: boolean;
  /** Whether to say which of the tenant's numbers it is. */
  showOwn?: boolean;
  /** What is searched for, to highlight it. */
  search?: string | undefined;
  /** A text that is not sent yet. */
  draft?: string | null;
}

/** A conversation in a list, as a link to it. */
export function ConversationRow({ conversation, query = "", isOpen, showOwn, search, draft }: ConversationRowProps) {
  const { number, with: peer, contact, unread, optedOut, lastMessageAt } = conversation;
  const isUnread = unread > 0;
  return (
    <Link
      href={`${pathOf(sidesOf(conversation))}${query}`}
      className="conversation"
      data-conversation={idOf(conversation)}
      aria-current={isOpen ? "page" : undefined}
    >
      <span className="conversation-line">
        <Text span fw={isUnread ? 700 : 500} size="sm" truncate className="digits">
          <ContactName phoneNumber={peer} contact={contact} search={search} />
        </Text>
        <Text
          span
          size="xs"
          c={isUnread ? "var(--good)" : "dimmed"}
          fw={isUnread ? 600 : 400}
          className="conversation-time"
        >
          {timeOrDay(lastMessageAt)}
        </Text>
      </span>
      <span className="conversation-line">
        {draft ? <DraftPreview text={draft} /> : <Preview conversation={conversation} />}
        {optedOut && <BellOff size={14} aria-label="Opted out" className="conversation-mark" />}
        {isUnread && (
          <Badge size="sm" circle={unread < 10} className="digits conversation-mark">
            {unread > 99 ? "99+" : unread}
            <VisuallyHidden>&nbsp;unread</VisuallyHidden>
          </Badge>
        )}
      </span>
      {showOwn && <Text span size="xs" c="dimmed" truncate className="digits">via {readable(number)}</Text>}
    </Link>
  );
}

function DraftPreview({ text }: { text: string }) {
  return (
    <Text span size="sm" c="dimmed" truncate className="conversation-preview">
      <Text span inherit c="var(--uncertain)" fw={600}>Draft:</Text> {text}
    </Text>
  );
}

function Preview({ conversation: { lastMessage, unread } }: { conversation: Conversation }) {
  const isOurs = lastMessage.direction === "outbound";
  const look = lookOf(lastMessage.status);
  const hasFailed = isOurs && look.kind === "failed";
  const text = lastMessage.body || (lastMessage.mediaCount > 0 ? "Attachment" : "Deleted text");
  return (
    <Text
      span
      size="sm"
      c={hasFailed ? "var(--bad)" : unread > 0 ? "bright" : "dimmed"}
      fw={unread > 0 ? 600 : 400}
      truncate
      className="conversation-preview"
    >
      {isOurs && <CornerUpRight size={14} aria-label="You:" className="conversation-ours" />}
      {hasFailed ? `${look.label}: ${text}` : text}
    </Text>
  );
}
