import { Hash, LayoutGrid, MessageSquare, Users } from "lucide-react";

/** The screens, in the order of the navigation. */
export const SCREENS = [
  { path: "/", label: "Overview", icon: LayoutGrid },
  { path: "/inbox", label: "Inbox", icon: MessageSquare },
  { path: "/contacts", label: "Contacts", icon: Users },
  { path: "/numbers", label: "Numbers", icon: Hash },
] as const;

export type Screen = (typeof SCREENS)[number];

/** Whether a location is the screen's path or a subpath. */
export function isOn(location: string, path: string): boolean {
  return path === "/" ? location === "/" : location === path || location.startsWith(`${path}/`);
}
