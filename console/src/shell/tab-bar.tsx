import { Menu, UnstyledButton } from "@mantine/core";
import { Ellipsis } from "lucide-react";
import { Link, useLocation } from "wouter";
import { NavigationBadge } from "./navigation-badge.tsx";
import { isOn, type Screen } from "./screens.ts";
import { useArea } from "./use-area.ts";
import { useBadges } from "./use-badges.ts";

/** The navigation of narrow screens, at the bottom within reach of the thumb. The side navigation is hidden there. */
export function TabBar() {
  const [location] = useLocation();
  const { screens } = useArea();
  const badges = useBadges();
  const rare = screens.filter(({ isRare }) => isRare);
  return (
    <nav className="tab-bar" aria-label="Screens">
      {screens.filter(({ isRare }) => !isRare).map(({ path, label, icon: Icon, load }) => (
        <Link
          key={path}
          href={path}
          className="tab"
          aria-current={isOn(location, path) ? "page" : undefined}
          onPointerDown={() => void load().catch(() => {})}
        >
          <Icon size={21} strokeWidth={1.7} aria-hidden />
          <span>{label}</span>
          <NavigationBadge of={badges[path]} />
        </Link>
      ))}
      {rare.length > 0 && <MoreTab screens={rare} />}
    </nav>
  );
}

/** The screens for which the tabs have no room. */
function MoreTab({ screens }: { screens: readonly Screen[] }) {
  const [location] = useLocation();
  const current = screens.find(({ path }) => isOn(location, path));
  return (
    <Menu position="top-end" width={220}>
      <Menu.Target>
        <UnstyledButton
          className="tab"
          data-current={current !== undefined || undefined}
          aria-label={current === undefined ? "More screens" : `More screens, now ${current.label}`}
        >
          <Ellipsis size={21} strokeWidth={1.7} aria-hidden />
          <span aria-hidden>More</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {screens.map(({ path, label, icon: Icon }) => (
          <Menu.Item
            key={path}
            component={Link}
            href={path}
            aria-current={isOn(location, path) ? "page" : undefined}
            leftSection={<Icon size={18} strokeWidth={1.7} aria-hidden />}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
