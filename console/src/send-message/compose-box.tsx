import { ActionIcon, Group, Kbd, Text, Textarea, Tooltip } from "@mantine/core";
import { Send } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { SegmentMeter } from "./segment-meter.tsx";
import { LONGEST_BODY } from "./segments.ts";
import { type SentMessage, useSendMessage } from "./use-send-message.ts";

export interface ComposeBoxProps {
  from: string;
  /** E.164; null until the recipient is a valid phone number. */
  to: string | null;
  onSent?: (message: SentMessage) => void;
}

/** The form for writing a message. A message that failed stays in the box, so that the tenant can retry it. */
export function ComposeBox({ from, to, onSent }: ComposeBoxProps) {
  const [body, setBody] = useState("");
  const sending = useSendMessage();
  const canSend = to !== null && body.trim() !== "" && body.length <= LONGEST_BODY && !sending.isPending;

  function send(event: FormEvent) {
    event.preventDefault();
    if (!canSend) return;
    sending.mutate({ from, to, body }, {
      onSuccess: (message) => {
        setBody("");
        onSent?.(message);
      },
    });
  }

  function sendOnShortcut(event: KeyboardEvent) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
  }

  return (
    <form className="compose" onSubmit={send}>
      {sending.error !== null && <FailureAlert error={sending.error} />}
      <Group align="end" gap="sm" wrap="nowrap">
        <Textarea
          aria-label="Message"
          placeholder="Write a message"
          autosize
          minRows={1}
          maxRows={6}
          radius="lg"
          flex={1}
          value={body}
          onChange={(event) => setBody(event.currentTarget.value)}
          onKeyDown={sendOnShortcut}
        />
        <Tooltip label={sending.isError ? "Try again" : "Send"}>
          <ActionIcon
            type="submit"
            size={36}
            radius="xl"
            aria-label="Send"
            disabled={!canSend}
            loading={sending.isPending}
          >
            <Send size={18} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <Group justify="space-between" gap="xs">
        <SegmentMeter body={body} />
        <Text span size="xs" c="dimmed" visibleFrom="sm">
          <Kbd size="xs">Ctrl</Kbd> + <Kbd size="xs">Enter</Kbd> sends
        </Text>
      </Group>
    </form>
  );
}
