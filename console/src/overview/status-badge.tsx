import { Badge } from "@mantine/core";
import type { SubaccountStatus } from "../subaccount/use-subaccount.ts";

const COLORS: Record<SubaccountStatus, string> = {
  pending: "blue",
  active: "exchange",
  suspended: "orange",
  closed: "gray",
};

/** The status of a subaccount. */
export function StatusBadge({ status }: { status: SubaccountStatus }) {
  return <Badge variant="light" color={COLORS[status]} size="lg" radius="sm" tt="capitalize">{status}</Badge>;
}
