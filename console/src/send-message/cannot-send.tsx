import { Alert, Anchor, Stack, Textarea } from "@mantine/core";
import { Lock } from "lucide-react";
import type { Slot } from "./draft.ts";
import { type Places, useSending } from "./provider.tsx";
import { useDraftIn } from "./use-draft.ts";
import type { Obstacle } from "./use-senders.ts";

export type Reason = Obstacle | "not-a-sender" | "no-reply";

const REASONS: Record<Reason, { text: string; place?: keyof Places; label?: string }> = {
  "no-number": { text: "You need a number to send from.", place: "numbers", label: "Find one" },
  "no-sms": { text: "None of your numbers can send text messages.", place: "numbers", label: "Find one that can" },
  pending: {
    text: "You can send once your subaccount is set up.",
    place: "subaccount",
    label: "View its status",
  },
  suspended: {
    text: "Sending is paused: your subaccount is suspended.",
    place: "subaccount",
    label: "View the reason",
  },
  closed: {
    text: "Your subaccount is closed: you can no longer send messages.",
    place: "plan",
    label: "View your plan",
  },
  "not-a-sender": { text: "This is not one of your current numbers that can send text messages." },
  "no-reply": { text: "You cannot reply to a short code or a name, only to a phone number." },
};

export interface CannotSendProps {
  reason: Reason;
  /** What was written there stays on the screen. */
  slot: Slot;
  /** Offered after the reason. */
  children?: React.ReactNode;
}

/** Shown in place of the field, with the reason why the tenant cannot send and the way out. */
export function CannotSend({ reason, slot, children }: CannotSendProps) {
  const { places } = useSending();
  const written = useDraftIn(slot)?.body ?? "";
  const { text, place, label } = REASONS[reason];
  const href = place === undefined ? undefined : places[place];
  return (
    <Stack gap="xs">
      <Alert color="gray" variant="light" icon={<Lock size={18} />} role="note">
        {text} {href !== undefined && <Anchor href={href} inherit underline="always">{label}</Anchor>}
        {children}
      </Alert>
      {written.trim() !== "" && (
        <Textarea label="What you wrote" value={written} readOnly autosize maxRows={8} radius="lg" />
      )}
    </Stack>
  );
}
