import { NavLink, Stack } from "@mantine/core";
import { Link, useLocation } from "wouter";
import { ExternalTools } from "./external-tools.tsx";
import { NavigationBadge } from "./navigation-badge.tsx";
import { isOn } from "./screens.ts";
import { useArea } from "./use-area.ts";
import { useBadges } from "./use-badges.ts";

/** The navigation of wide screens. Between phones and wide screens, the labels are below the icons. */
export function SideNavigation() {
  const [location] = useLocation();
  const { screens } = useArea();
  const badges = useBadges();
  return (
    <Stack justify="space-between" h="100%">
      <Stack gap={4}>
        {screens.map(({ path, label, icon: Icon, load }) => (
          <NavLink
            key={path}
            component={Link}
            href={path}
            label={label}
            active={isOn(location, path)}
            aria-current={isOn(location, path) ? "page" : undefined}
            leftSection={<Icon size={19} strokeWidth={1.7} aria-hidden />}
            rightSection={<NavigationBadge of={badges[path]} />}
            onPointerEnter={() => void load().catch(() => {})}
            className="side-link"
          />
        ))}
      </Stack>
      <ExternalTools />
    </Stack>
  );
}
