import { ActionIcon, Text } from "@mantine/core";
import { ArrowLeft } from "lucide-react";
import { Link } from "wouter";
import { readable } from "../phone/phone-format.ts";
import { SendMessage } from "../send-message/send-message.tsx";
import type { Message } from "./message.ts";
import type { Sides } from "./conversations.ts";
import { Thread } from "./thread.tsx";

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
      <SendMessage to={peer} from={own} />
    </section>
  );
}
