import { Button, Group, Loader, Text } from "@mantine/core";
import { CircleAlert, Clock } from "lucide-react";
import { useEffect, useState } from "react";
import { ErrorReference } from "../platform/error-reference.tsx";
import { wordingOf } from "../platform/wording.ts";
import { errorOf } from "./failures.ts";
import type { PendingMessage } from "./outbox.ts";
import { useDraftIn } from "./use-draft.ts";
import { useOutbox, useSendMessage } from "./use-send-message.ts";

/** A call without a response for longer is said to be slow. */
const SLOW_MS = 30_000;

/** What a message waits for, and what its author can do: for the foot of its bubble. */
export function PendingState({ pending }: { pending: PendingMessage }) {
  const { id, slot, state, failure } = pending;
  const { tryAgain, cancel, discard } = useSendMessage();
  const text = useStateText(pending);
  const isFieldFree = useDraftIn(slot) === null;
  const isStuck = state === "lost" || state === "failed";
  return (
    <div className="send-state">
      <div role={isStuck ? "alert" : "status"} className={isStuck ? "send-state-text send-bad" : "send-state-text"}>
        {state === "sending" && <Loader size={12} aria-hidden />}
        {state === "waiting" && <Clock size={14} aria-hidden />}
        {isStuck && <CircleAlert size={14} aria-hidden />}
        <Text span size="xs">{text}</Text>
      </div>
      {state === "failed" && failure !== undefined && <ErrorReference error={errorOf(failure)} />}
      <Group gap={4}>
        {isStuck && <Action variant="light" onClick={() => tryAgain(id)}>Try again</Action>}
        {/* A lost message may have been sent: its text is not offered as a new message. */}
        {state === "failed" && isFieldFree && <Action onClick={() => cancel(id)}>Edit</Action>}
        {state === "waiting" && isFieldFree && <Action onClick={() => cancel(id)}>Cancel</Action>}
        {(isStuck || (state === "waiting" && !isFieldFree)) && <Action onClick={() => discard(id)}>Discard</Action>}
      </Group>
    </div>
  );
}

interface ActionProps {
  variant?: string;
  onClick: () => void;
  children: string;
}

function Action({ variant = "subtle", onClick, children }: ActionProps) {
  return (
    <Button size="compact-xs" variant={variant} {...(variant === "subtle" && { color: "gray" })} onClick={onClick}>
      {children}
    </Button>
  );
}

/** The state in words. Renders again when a call becomes slow. */
export function useStateText({ own, peer, at, state, startedAt, failure }: PendingMessage): string {
  const isSlow = useIsOver(state === "sending" && startedAt !== undefined ? startedAt + SLOW_MS : null);
  const isBehind = useOutbox().some((other) =>
    other.own === own && other.peer === peer && other.at < at && other.state !== "sent"
  );
  switch (state) {
    case "waiting":
      return isBehind ? "Waiting for the message before it" : "Waiting for the network";
    case "sending":
      return isSlow ? "Still sending…" : "Sending…";
    case "lost":
      return "The server did not answer. The message may have been sent: trying again never sends it twice";
    case "failed":
      return failure === undefined ? "Not sent" : wordingOf(errorOf(failure)).message;
    case "sent":
    case "over":
      return "Sent";
  }
}

/** Whether a moment has passed; null never does. */
function useIsOver(moment: number | null): boolean {
  const [over, setOver] = useState<number | null>(null);
  useEffect(() => {
    if (moment === null) return;
    const timer = setTimeout(() => setOver(moment), Math.max(0, moment - Date.now()));
    return () => clearTimeout(timer);
  }, [moment]);
  return moment !== null && over === moment;
}
