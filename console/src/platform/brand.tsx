import { Badge, Group, Text } from "@mantine/core";

/** The logo and the name, and the part of the console that is shown, if it is not the usual one. */
export function Brand({ badge }: { badge?: string | undefined }) {
  return (
    <Group gap={10} wrap="nowrap">
      <img src="./favicon.svg" width={28} height={28} alt="" />
      {/* A phone has room for one of the two. */}
      <Text fw={700} fz="lg" style={{ letterSpacing: "-0.01em" }} {...(badge !== undefined && { visibleFrom: "xs" })}>
        Switchboard
      </Text>
      {badge !== undefined && <Badge variant="light">{badge}</Badge>}
    </Group>
  );
}
