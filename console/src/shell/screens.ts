import { Hash, LayoutGrid, MessageSquare, Users } from "lucide-react";
import { loadInTime } from "../platform/load-in-time.ts";
import { screenOf } from "./hash-location.ts";

/** Loads the code of each screen. A second call returns the same code. */
export const LOAD = {
  overview: () =>
    loadInTime(async () => ({ default: (await import("../overview/overview-screen.tsx")).OverviewScreen })),
  numbers: () => loadInTime(async () => ({ default: (await import("../numbers/numbers-screen.tsx")).NumbersScreen })),
  contacts: () =>
    loadInTime(async () => ({ default: (await import("../contacts/contacts-screen.tsx")).ContactsScreen })),
  inbox: () => loadInTime(async () => ({ default: (await import("../inbox/inbox-screen.tsx")).InboxScreen })),
  account: () => loadInTime(async () => ({ default: (await import("../account/account-screen.tsx")).AccountScreen })),
};

/** The screens, in the order of the navigation. */
export const SCREENS = [
  { path: "/", label: "Overview", icon: LayoutGrid, load: LOAD.overview },
  { path: "/inbox", label: "Inbox", icon: MessageSquare, load: LOAD.inbox },
  { path: "/contacts", label: "Contacts", icon: Users, load: LOAD.contacts },
  { path: "/numbers", label: "Numbers", icon: Hash, load: LOAD.numbers },
] as const;

export type Screen = (typeof SCREENS)[number];

/** Whether a location is on the screen of this path. */
export function isOn(location: string, path: string): boolean {
  return screenOf(location) === screenOf(path);
}
