import { Alert, Anchor } from "@mantine/core";
import { Lock } from "lucide-react";
import { Link } from "wouter";
import type { Obstacle } from "./use-senders.ts";

const REASONS: Record<Obstacle | "number-gone", { text: string; link?: { href: string; label: string } }> = {
  "no-number": { text: "You need a number to send from.", link: { href: "/numbers", label: "Find one" } },
  pending: { text: "You can send once your subaccount is set up.", link: { href: "/", label: "View its status" } },
  suspended: {
    text: "Sending is paused: your subaccount is suspended.",
    link: { href: "/", label: "View the reason" },
  },
  closed: { text: "Your subaccount is closed: you can no longer send messages." },
  "number-gone": {
    text: "You can no longer send from this number.",
    link: { href: "/inbox/new", label: "Send from another number" },
  },
};

/** Shown in place of the compose box, with the reason why the tenant cannot send. */
export function CannotSend({ obstacle }: { obstacle: Obstacle | "number-gone" }) {
  const { text, link } = REASONS[obstacle];
  return (
    <Alert color="gray" variant="light" icon={<Lock />} m="md" role="note">
      {text} {link && <Anchor component={Link} href={link.href} inherit underline="always">{link.label}</Anchor>}
    </Alert>
  );
}
