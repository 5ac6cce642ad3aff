import { Text } from "@mantine/core";
import { Check, CircleAlert, CircleCheck, CircleQuestionMark, Clock } from "lucide-react";
import type { ListedMessage } from "../../../../client/switchboard.ts";
import { lookOf, type StatusLook } from "../status.ts";

const ICONS: Record<StatusLook["kind"], typeof Clock> = {
  waiting: Clock,
  sent: Check,
  delivered: CircleCheck,
  failed: CircleAlert,
  unsure: CircleQuestionMark,
};

/** What became of a sent message. */
export function MessageStatus({ status }: Pick<ListedMessage, "status">) {
  const { label, kind } = lookOf(status);
  const Icon = ICONS[kind];
  return (
    <Text span size="xs" className={`message-status message-status-${kind}`}>
      <Icon size={14} strokeWidth={2} aria-hidden />
      {label}
    </Text>
  );
}
