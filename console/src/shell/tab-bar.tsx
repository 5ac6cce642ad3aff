import { Link, useLocation } from "wouter";
import { isOn, SCREENS } from "./screens.ts";

/** The navigation of narrow screens, at the bottom within reach of the thumb. */
export function TabBar() {
  const [location] = useLocation();
  return (
    <nav className="tab-bar" aria-label="Screens">
      {SCREENS.map(({ path, label, icon: Icon }) => (
        <Link key={path} href={path} className="tab" aria-current={isOn(location, path) ? "page" : undefined}>
          <Icon size={21} strokeWidth={1.7} aria-hidden />
          {label}
        </Link>
      ))}
    </nav>
  );
}
