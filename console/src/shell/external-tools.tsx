import { NavLink, Stack, Text } from "@mantine/core";
import { ArrowUpRight } from "lucide-react";
import { useLocalTools } from "./local-tools.ts";

/** Links to the simulators' pages, on the local stack only. */
export function ExternalTools() {
  const tools = useLocalTools();
  if (tools.length === 0) return null;
  return (
    <Stack gap={4}>
      <Text size="xs" c="dimmed" fw={600} px="sm" className="side-heading">Local stack</Text>
      {tools.map(({ href, label, Icon }) => (
        <NavLink
          key={href}
          component="a"
          href={href}
          target="_blank"
          rel="noreferrer"
          label={label}
          aria-label={`${label} (opens in a new tab)`}
          leftSection={<Icon size={19} strokeWidth={1.7} />}
          rightSection={<ArrowUpRight size={15} strokeWidth={1.7} aria-hidden />}
          className="side-link"
        />
      ))}
    </Stack>
  );
}
