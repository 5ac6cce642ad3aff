import { Badge } from "@mantine/core";
import type { Validity } from "./in-force.ts";

const LABELS: Readonly<Record<Validity, { label: string; color: string }>> = {
  now: { label: "Applies now", color: "teal" },
  later: { label: "From later on", color: "blue" },
  over: { label: "Replaced", color: "gray" },
};

export function ValidityBadge({ validity }: { validity: Validity }) {
  const { label, color } = LABELS[validity];
  return <Badge color={color} variant="light" tt="none">{label}</Badge>;
}
