import { NavLink, Stack } from "@mantine/core";
import { Link, useLocation } from "wouter";
import { ExternalTools } from "./external-tools.tsx";
import { isOn, SCREENS } from "./screens.ts";

/** The navigation of wide screens. */
export function SideNavigation() {
  const [location] = useLocation();
  return (
    <Stack justify="space-between" h="100%">
      <Stack gap={4}>
        {SCREENS.map(({ path, label, icon: Icon }) => (
          <NavLink
            key={path}
            component={Link}
            href={path}
            label={label}
            active={isOn(location, path)}
            aria-current={isOn(location, path) ? "page" : undefined}
            leftSection={<Icon size={19} strokeWidth={1.7} aria-hidden />}
            className="side-link"
          />
        ))}
      </Stack>
      <ExternalTools />
    </Stack>
  );
}
