import { Group, Stack, Text, Title } from "@mantine/core";
import { Hash, MessageSquare, Shield } from "lucide-react";
import { Brand } from "../platform/brand.tsx";

const PROMISES = [
  {
    icon: Shield,
    title: "Isolated",
    text: "Your own Twilio subaccount, with its own credentials and its own bill.",
  },
  {
    icon: Hash,
    title: "Your numbers",
    text: "Search for numbers in your customers' areas, buy them and keep them.",
  },
  {
    icon: MessageSquare,
    title: "Every message tracked",
    text: "From queued to delivered, with the carrier's status for each message.",
  },
];

/** The product in three lines, shown beside the sign-in form on wide screens. */
export function Promises() {
  return (
    <Stack justify="space-between" h="100%">
      <Brand />
      <Stack gap="xl" maw={420}>
        <Title order={2} fz={34} lh={1.2}>A phone system of your own.</Title>
        {PROMISES.map(({ icon: Icon, title, text }) => (
          <Group key={title} wrap="nowrap" align="start" gap="md">
            <Icon size={24} strokeWidth={1.6} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
            <div>
              <Text fw={600}>{title}</Text>
              <Text size="sm" opacity={0.8}>{text}</Text>
            </div>
          </Group>
        ))}
      </Stack>
      <span />
    </Stack>
  );
}
