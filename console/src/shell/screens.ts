import {
  Banknote,
  Bell,
  Building2,
  ChartColumn,
  ClipboardCheck,
  Hash,
  Layers,
  LayoutGrid,
  type LucideIcon,
  Megaphone,
  MessageSquare,
  SlidersHorizontal,
  Tags,
  Users,
} from "lucide-react";
import { OPERATOR_PATH, screenOf } from "./hash-location.ts";

/** Loads the code of each screen. A second call returns the same code. */
export const LOAD = {
  overview: () => import("../overview/overview-screen.tsx").then(({ OverviewScreen }) => OverviewScreen),
  numbers: () => import("../numbers/numbers-screen.tsx").then(({ NumbersScreen }) => NumbersScreen),
  contacts: () => import("../contacts/contacts-screen.tsx").then(({ ContactsScreen }) => ContactsScreen),
  inbox: () => import("../inbox/inbox-screen.tsx").then(({ InboxScreen }) => InboxScreen),
  campaigns: () => import("../campaigns/campaigns-screen.tsx").then(({ CampaignsScreen }) => CampaignsScreen),
  usage: () => import("../usage/usage-screen.tsx").then(({ UsageScreen }) => UsageScreen),
  settings: () => import("../settings/settings-screen.tsx").then(({ SettingsScreen }) => SettingsScreen),
  account: () => import("../account/account-screen.tsx").then(({ AccountScreen }) => AccountScreen),
};

/** The same for the screens of operators: a tenant's browser never loads them. */
export const LOAD_OPERATOR = {
  tenants: () => import("../operator/tenants/tenants-screen.tsx").then(({ TenantsScreen }) => TenantsScreen),
  alerts: () => import("../operator/alerts/alerts-screen.tsx").then(({ AlertsScreen }) => AlertsScreen),
  queues: () => import("../operator/queues/queues-screen.tsx").then(({ QueuesScreen }) => QueuesScreen),
  reports: () => import("../operator/reports/reports-screen.tsx").then(({ ReportsScreen }) => ReportsScreen),
  revenue: () => import("../operator/revenue/revenue-screen.tsx").then(({ RevenueScreen }) => RevenueScreen),
  prices: () => import("../operator/prices/prices-screen.tsx").then(({ PricesScreen }) => PricesScreen),
};

export interface Screen {
  path: string;
  label: string;
  icon: LucideIcon;
  load: () => Promise<unknown>;
  /** On a phone it is behind *More*: the tabs have room for five. */
  isRare?: true;
}

/** The screens of tenants, in the order of the navigation. */
export const TENANT_SCREENS: readonly Screen[] = [
  { path: "/", label: "Overview", icon: LayoutGrid, load: LOAD.overview },
  { path: "/inbox", label: "Inbox", icon: MessageSquare, load: LOAD.inbox },
  { path: "/campaigns", label: "Campaigns", icon: Megaphone, load: LOAD.campaigns },
  { path: "/contacts", label: "Contacts", icon: Users, load: LOAD.contacts },
  { path: "/numbers", label: "Numbers", icon: Hash, load: LOAD.numbers, isRare: true },
  { path: "/usage", label: "Usage", icon: ChartColumn, load: LOAD.usage, isRare: true },
  { path: "/settings", label: "Settings", icon: SlidersHorizontal, load: LOAD.settings, isRare: true },
];

/** The screens of operators. */
export const OPERATOR_SCREENS: readonly Screen[] = [
  { path: `${OPERATOR_PATH}/tenants`, label: "Tenants", icon: Building2, load: LOAD_OPERATOR.tenants },
  { path: `${OPERATOR_PATH}/alerts`, label: "Alerts", icon: Bell, load: LOAD_OPERATOR.alerts },
  { path: `${OPERATOR_PATH}/queues`, label: "Queues", icon: Layers, load: LOAD_OPERATOR.queues },
  {
    path: `${OPERATOR_PATH}/reports`,
    label: "Reports",
    icon: ClipboardCheck,
    load: LOAD_OPERATOR.reports,
    isRare: true,
  },
  { path: `${OPERATOR_PATH}/revenue`, label: "Revenue", icon: Banknote, load: LOAD_OPERATOR.revenue },
  { path: `${OPERATOR_PATH}/prices`, label: "Prices", icon: Tags, load: LOAD_OPERATOR.prices, isRare: true },
];

/** Where an operator finds their own phone system: the path `/` leads to the tenants. */
export const OWN_OVERVIEW_PATH = "/overview";

/** Whether a location is on the screen of this path. */
export function isOn(location: string, path: string): boolean {
  return screenOf(location) === screenOf(path);
}
