import { Alert } from "@mantine/core";
import { MessageSquareOff } from "lucide-react";
import type { OptOut } from "../../../client/switchboard.ts";
import { readable } from "../phone/phone-format.ts";
import { longDate } from "../platform/dates.ts";

/** Says before writing that the recipient opted out, since when, and how they can receive messages again. */
export function OptedOut({ optOut: { source, keyword, from, optedOutAt }, own }: { optOut: OptOut; own: string }) {
  const date = longDate(optedOutAt);
  const how = source === "received"
    ? `They replied ${keyword ?? "STOP"} on ${date}.`
    : source === "reported"
    ? `Twilio reported on ${date} that they replied STOP.`
    : `You added them to your opt-outs on ${date}.`;
  return (
    <Alert
      color="orange"
      variant="light"
      icon={<MessageSquareOff size={18} />}
      title="This recipient opted out"
      styles={{ title: { color: "var(--uncertain, inherit)" } }}
      role="note"
    >
      {how} You can send to them again once they text START to {readable(from ?? own)}.
    </Alert>
  );
}
