import { Text } from "@mantine/core";

/** One number that matters, with its name above and what it means below. */
export function Figure({ label, value, note, isBad = false }: {
  label: string;
  value: string;
  note: string;
  isBad?: boolean;
}) {
  return (
    <div role="group" aria-label={label}>
      <Text size="sm" c="dimmed">{label}</Text>
      <Text
        fz={22}
        fw={650}
        lh={1.3}
        className="digits"
        style={{ overflowWrap: "anywhere" }}
        {...(isBad && { c: "var(--bad)" })}
      >
        {value}
      </Text>
      <Text size="xs" c="dimmed">{note}</Text>
    </div>
  );
}
