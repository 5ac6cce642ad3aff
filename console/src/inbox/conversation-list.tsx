import { Text } from "@mantine/core";
import { CornerUpRight } from "lucide-react";
import { Link } from "wouter";
import { readable } from "../phone/phone-format.ts";
import { timeOrDay } from "../platform/dates.ts";
import type { Conversation } from "./conversations.ts";
import { lookOf } from "./status.ts";

export interface ConversationListProps {
  conversations: readonly Conversation[];
  /** The id of the open conversation. */
  openId: string | undefined;
}

/** All conversations, the most recent first. */
export function ConversationList({ conversations, openId }: ConversationListProps) {
  // A tenant with one number does not need to see which one.
  const hasSeveralNumbers = new Set(conversations.map(({ own }) => own)).size > 1;
  return (
    <nav aria-label="Conversations" className="conversations">
      {conversations.map((conversation) => (
        <Link
          key={conversation.id}
          href={`/messages/${conversation.id}`}
          className="conversation"
          aria-current={conversation.id === openId ? "page" : undefined}
        >
          <Preview conversation={conversation} showOwn={hasSeveralNumbers} />
        </Link>
      ))}
    </nav>
  );
}

function Preview({ conversation: { own, peer, latest }, showOwn }: { conversation: Conversation; showOwn: boolean }) {
  const isOurs = latest.direction === "outbound";
  const hasFailed = isOurs && lookOf(latest.status).kind === "failed";
  return (
    <>
      <span className="conversation-line">
        <Text span fw={600} size="sm" truncate className="digits">{readable(peer)}</Text>
        <Text span size="xs" c="dimmed">{timeOrDay(latest.created_at)}</Text>
      </span>
      <span className="conversation-line">
        <Text
          span
          size="sm"
          c={hasFailed ? "var(--bad)" : isOurs ? "dimmed" : "bright"}
          fw={isOurs ? 400 : 600}
          truncate
        >
          {isOurs && <CornerUpRight size={14} aria-label="You:" className="conversation-ours" />}
          {hasFailed ? lookOf(latest.status).label : latest.body || "Attachment"}
        </Text>
      </span>
      {showOwn && <Text span size="xs" c="dimmed" className="digits">via {readable(own)}</Text>}
    </>
  );
}
