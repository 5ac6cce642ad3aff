import { Badge, VisuallyHidden } from "@mantine/core";
import type { BadgeCount } from "./use-badges.ts";

/** A count beside a screen's name. Nothing for zero. */
export function NavigationBadge({ of }: { of: BadgeCount | undefined }) {
  if (of === undefined || of.count === 0) return null;
  return (
    <Badge className="navigation-badge digits" size="sm" variant="filled" px={6}>
      {of.count > 99 ? "99+" : of.count}
      <VisuallyHidden>&nbsp;{of.what}</VisuallyHidden>
    </Badge>
  );
}
