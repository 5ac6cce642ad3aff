import { NavLink, Stack, Text } from "@mantine/core";
import { ArrowUpRight, CreditCard, Mail, Smartphone } from "lucide-react";
import { useBackend } from "../platform/backend.tsx";

/** Links to the simulators' pages, on the local stack only. */
export function ExternalTools() {
  const { config: { phonesUrl, stripeUrl, mailUrl } } = useBackend();
  if (phonesUrl === null && stripeUrl === null && mailUrl === null) return null;
  return (
    <Stack gap={4}>
      <Text size="xs" c="dimmed" fw={600} px="sm" className="side-heading">Local stack</Text>
      {phonesUrl !== null && (
        <ToolLink href={phonesUrl} label="Phones" icon={<Smartphone size={19} strokeWidth={1.7} />} />
      )}
      {stripeUrl !== null && (
        <ToolLink href={stripeUrl} label="Subscriptions" icon={<CreditCard size={19} strokeWidth={1.7} />} />
      )}
      {mailUrl !== null && (
        <ToolLink
          href={mailUrl}
          label="Captured mail"
          icon={<Mail size={19} strokeWidth={1.7} />}
        />
      )}
    </Stack>
  );
}

function ToolLink({ href, label, icon }: { href: string; label: string; icon: React.ReactNode }) {
  return (
    <NavLink
      component="a"
      href={href}
      target="_blank"
      rel="noreferrer"
      label={label}
      aria-label={`${label} (opens in a new tab)`}
      leftSection={icon}
      rightSection={<ArrowUpRight size={15} strokeWidth={1.7} aria-hidden />}
      className="side-link"
    />
  );
}
