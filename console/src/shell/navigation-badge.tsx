import { Badge, VisuallyHidden } from "@mantine/core";

/** A count beside a screen's name. Nothing for zero. */
export function NavigationBadge({ count = 0 }: { count?: number | undefined }) {
  if (count === 0) return null;
  return (
    <Badge className="navigation-badge digits" size="sm" variant="filled" px={6}>
      {count > 99 ? "99+" : count}
      <VisuallyHidden>&nbsp;unread</VisuallyHidden>
    </Badge>
  );
}
