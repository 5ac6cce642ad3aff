import { Badge } from "@mantine/core";
import type { CampaignStatus } from "../../../client/switchboard.ts";
import { STATUSES } from "./status.ts";

export function StatusBadge({ status }: { status: CampaignStatus }) {
  const { label, color } = STATUSES[status];
  return <Badge variant="light" color={color} radius="sm" size="lg">{label}</Badge>;
}
