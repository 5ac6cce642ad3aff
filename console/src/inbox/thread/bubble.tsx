import { Button, Text } from "@mantine/core";
import { RotateCw } from "lucide-react";
import { memo } from "react";
import type { ListedMessage } from "../../../../client/switchboard.ts";
import { timeOfDay } from "../../platform/dates.ts";
import { BubbleDetails } from "./bubble-details.tsx";
import { canResend, failureReason } from "./failure-reason.ts";
import { Media } from "./media.tsx";
import { MessageStatus } from "./message-status.tsx";
import { MessageText } from "./message-text.tsx";

export interface BubbleProps {
  message: ListedMessage;
  /** The contact's name, or the number. */
  peerName: string;
  onResend: (message: ListedMessage) => void;
}

/** One message: its text, files, time and delivery status, and why it failed. */
export const Bubble = memo(function Bubble({ message, peerName, onResend }: BubbleProps) {
  const { direction, source, createdAt, status } = message;
  const isOurs = direction === "outbound";
  const reason = failureReason(message);
  return (
    <>
      <div className="bubble-line">
        <div className="bubble-body">
          <BubbleContent message={message} peerName={peerName} />
        </div>
        <BubbleDetails message={message} />
      </div>
      <div className="bubble-foot">
        <Text span size="xs" c="dimmed" component="time" dateTime={createdAt}>{timeOfDay(createdAt)}</Text>
        {isOurs && <MessageStatus status={status} />}
        {isOurs && source === "master" && <Text span size="xs" c="dimmed">Sent from the shared number</Text>}
      </div>
      {reason !== null && (
        <div className="bubble-foot">
          <Text span size="xs" className="bubble-reason">{reason}</Text>
          {canResend(message) && (
            <Button
              size="compact-xs"
              variant="light"
              leftSection={<RotateCw size={12} aria-hidden />}
              onClick={() => onResend(message)}
            >
              Resend
            </Button>
          )}
        </div>
      )}
    </>
  );
});

function BubbleContent({ message, peerName }: Pick<BubbleProps, "message" | "peerName">) {
  const { body, media, redactedAt } = message;
  if (redactedAt !== null) return <em className="bubble-note">This text was deleted</em>;
  if ((body ?? "") === "" && media.length === 0) return <em className="bubble-note">Empty message</em>;
  return (
    <>
      {body !== null && body !== "" && <MessageText text={body} />}
      <Media message={message} peerName={peerName} />
    </>
  );
}
