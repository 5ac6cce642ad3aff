import { Anchor, Text } from "@mantine/core";
import { Check, CircleAlert, CircleCheck, CircleQuestionMark, Clock } from "lucide-react";
import type { Message } from "./message.ts";
import { lookOf, type StatusLook } from "../status.ts";

const ICONS: Record<StatusLook["kind"], typeof Clock> = {
  waiting: Clock,
  sent: Check,
  delivered: CircleCheck,
  failed: CircleAlert,
  unsure: CircleQuestionMark,
};

/** What became of an outbound message, with the carrier's reason where it failed. */
export function MessageStatus({ message }: { message: Message }) {
  const { status, error_code: errorCode, error_message: errorMessage } = message;
  const { label, kind } = lookOf(status);
  const Icon = ICONS[kind];
  return (
    <Text span size="xs" className={`message-status message-status-${kind}`}>
      <Icon size={14} strokeWidth={2} aria-hidden />
      <span>{label}</span>
      {errorCode !== null && (
        <Anchor
          inherit
          c="inherit"
          underline="always"
          href={`https://www.twilio.com/docs/errors/${errorCode}`}
          target="_blank"
          rel="noreferrer"
          title={errorMessage ?? undefined}
        >
          {errorCode}
        </Anchor>
      )}
    </Text>
  );
}
