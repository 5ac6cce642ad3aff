import { Text } from "@mantine/core";
import { readable } from "../phone/phone-format.ts";
import type { PendingMessage } from "./outbox.ts";
import { PendingState } from "./pending-state.tsx";

/** The messages that wait for the network or for their outcome, where no conversation shows them. */
export function PendingList({ pending }: { pending: readonly PendingMessage[] }) {
  const shown = pending.filter(({ state }) => state !== "sent" && state !== "over");
  if (shown.length === 0) return null;
  return (
    <ul className="send-pending" aria-label="Messages on their way">
      {shown.map((message) => (
        <li key={message.id}>
          <Text size="xs" c="dimmed" className="digits">To {readable(message.peer)}</Text>
          <Text size="sm" lineClamp={3} className="send-text">{message.content.body || "Picture"}</Text>
          <PendingState pending={message} />
        </li>
      ))}
    </ul>
  );
}
