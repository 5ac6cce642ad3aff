import { ActionIcon, Text } from "@mantine/core";
import { ArrowLeft } from "lucide-react";
import { Link } from "wouter";
import { readable } from "../phone/phone-format.ts";
import { CannotSend } from "../send-message/cannot-send.tsx";
import { ComposeBox } from "../send-message/compose-box.tsx";
import type { Message } from "./message.ts";
import type { Sides } from "./conversations.ts";
import { Thread } from "./thread.tsx";
import { useSenders } from "../send-message/use-senders.ts";

export interface ConversationPaneProps {
  sides: Sides;
  /** Oldest first. */
  messages: readonly Message[];
  hasEarlier: boolean;
}

/** One conversation: its header, its messages and the reply box. */
export function ConversationPane({ sides: { own, peer }, messages, hasEarlier }: ConversationPaneProps) {
  const isShared = messages.some(({ source }) => source === "master");
  return (
    <section className="pane" aria-label={`Conversation with ${readable(peer)}`}>
      <header className="pane-header">
        <ActionIcon
          component={Link}
          href="/messages"
          variant="subtle"
          color="gray"
          aria-label="All conversations"
          hiddenFrom="sm"
        >
          <ArrowLeft size={20} />
        </ActionIcon>
        <div>
          <Text fw={600} className="digits">{readable(peer)}</Text>
          <Text size="xs" c="dimmed" className="digits">
            {isShared ? "through the shared number" : "with your number"} {readable(own)}
          </Text>
        </div>
      </header>
      <Thread messages={messages} hasEarlier={hasEarlier} />
      <ReplyBox own={own} peer={peer} />
    </section>
  );
}

function ReplyBox({ own, peer }: Sides) {
  const senders = useSenders();
  if (senders === undefined) return null;
  if (senders.obstacle !== null) return <CannotSend obstacle={senders.obstacle} />;
  // A released number can no longer send, nor can a shared number once the tenant has a subaccount.
  if (!senders.numbers.includes(own)) return <CannotSend obstacle="number-gone" />;
  return <ComposeBox from={own} to={peer} />;
}
