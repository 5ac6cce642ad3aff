import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { readable } from "../phone/phone-format.ts";
import { DialogPart, part } from "../platform/part.tsx";
import { useSending } from "./provider.tsx";
import type { SendMessageProps } from "./send-message.tsx";

const SendMessage = part(() => import("./send-message.tsx").then(({ SendMessage }) => SendMessage));

/** One dialog at a time. */
const ID = "send-message";

/**
 * Opens the dialog that sends a message, from anywhere below `ModalsProvider`. It closes once the message is sent; when it is
 * closed before, it keeps what was written.
 */
export function openSendMessage(given: Pick<SendMessageProps, "to" | "from" | "body"> = {}): void {
  modals.open({
    modalId: ID,
    title: "New message",
    centered: true,
    radius: "lg",
    size: "lg",
    closeButtonProps: { "aria-label": "Close" },
    children: <Dialog {...given} />,
  });
}

function Dialog({ to, from, body }: Pick<SendMessageProps, "to" | "from" | "body">) {
  const { onSent } = useSending();
  return (
    <DialogPart height={236} label="Loading the form">
      {to !== undefined && from !== undefined && (
        <Text size="sm" c="dimmed" mb="sm" className="digits">To {readable(to)}, from {readable(from)}</Text>
      )}
      <SendMessage
        to={to}
        from={from}
        body={body}
        autoFocus
        onSent={(message) => {
          modals.close(ID);
          onSent(message);
        }}
      />
    </DialogPart>
  );
}
