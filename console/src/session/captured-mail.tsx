import { Anchor, Text } from "@mantine/core";
import { ArrowUpRight } from "lucide-react";
import { useBackend } from "../platform/backend.tsx";

/** A link to the mails that Auth would have sent. Renders nothing outside of the local stack. */
export function CapturedMail() {
  const { config: { mailUrl } } = useBackend();
  if (mailUrl === null) return null;
  return (
    <Text size="sm" c="dimmed">
      This local stack sends no mail.{" "}
      <Anchor href={mailUrl} target="_blank" rel="noreferrer" aria-label="Open the captured mail (opens in a new tab)">
        Open the captured{" "}
        <span style={{ whiteSpace: "nowrap" }}>
          mail <ArrowUpRight size={14} aria-hidden style={{ verticalAlign: "-2px" }} />
        </span>
      </Anchor>
    </Text>
  );
}
