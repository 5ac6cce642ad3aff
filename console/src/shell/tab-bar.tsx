import { Link, useLocation } from "wouter";
import { NavigationBadge } from "./navigation-badge.tsx";
import { isOn, SCREENS } from "./screens.ts";
import { useBadges } from "./use-badges.ts";

/** The navigation of narrow screens, at the bottom within reach of the thumb. The side navigation is hidden there. */
export function TabBar() {
  const [location] = useLocation();
  const badges = useBadges();
  return (
    <nav className="tab-bar" aria-label="Screens">
      {SCREENS.map(({ path, label, icon: Icon, load }) => (
        <Link
          key={path}
          href={path}
          className="tab"
          aria-current={isOn(location, path) ? "page" : undefined}
          onPointerDown={() => void load().catch(() => {})}
        >
          <Icon size={21} strokeWidth={1.7} aria-hidden />
          <span>{label}</span>
          <NavigationBadge count={badges[path]} />
        </Link>
      ))}
    </nav>
  );
}
