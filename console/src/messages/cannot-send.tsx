import { Alert, Anchor } from "@mantine/core";
import { Lock } from "react-feather";
import { Link } from "wouter";
import type { Obstacle } from "./use-senders.ts";

const REASONS: Record<Obstacle | "number-gone", { text: string; link?: { href: string; label: string } }> = {
  "no-number": { text: "You need a number to send from.", link: { href: "/numbers", label: "Find one" } },
  pending: { text: "You can send once your subaccount is set up.", link: { href: "/", label: "See how it stands" } },
  suspended: { text: "Sending is paused: your subaccount is suspended.", link: { href: "/", label: "See why" } },
  closed: { text: "Your subaccount is closed: nothing can be sent any more." },
  "number-gone": {
    text: "You can no longer send from this number.",
    link: { href: "/messages/new", label: "Write from another" },
  },
};

/** Stands where one would write, and says why one cannot. */
export function CannotSend({ obstacle }: { obstacle: Obstacle | "number-gone" }) {
  const { text, link } = REASONS[obstacle];
  return (
    <Alert color="gray" variant="light" icon={<Lock />} m="md" role="note">
      {text} {link && <Anchor component={Link} href={link.href} inherit underline="always">{link.label}</Anchor>}
    </Alert>
  );
}
