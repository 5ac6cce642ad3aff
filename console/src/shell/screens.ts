import { Hash, LayoutGrid, MessageSquare, Users } from "lucide-react";
import { screenOf } from "./hash-location.ts";

/** Loads the code of each screen. A second call returns the same code. */
export const LOAD = {
  overview: () => import("../overview/overview-screen.tsx").then(({ OverviewScreen }) => OverviewScreen),
  numbers: () => import("../numbers/numbers-screen.tsx").then(({ NumbersScreen }) => NumbersScreen),
  contacts: () => import("../contacts/contacts-screen.tsx").then(({ ContactsScreen }) => ContactsScreen),
  inbox: () => import("../inbox/inbox-screen.tsx").then(({ InboxScreen }) => InboxScreen),
  account: () => import("../account/account-screen.tsx").then(({ AccountScreen }) => AccountScreen),
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
