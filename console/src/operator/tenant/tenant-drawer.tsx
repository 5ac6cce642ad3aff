import { Badge, Drawer, Group, Skeleton, Stack, Tabs } from "@mantine/core";
import { useModals } from "@mantine/modals";
import { Building2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { SwitchboardError } from "../../../../client/switchboard.ts";
import type { TenantView } from "../../../../client/switchboard.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { LimitsTab } from "./limits-tab.tsx";
import { NumbersTab } from "./numbers-tab.tsx";
import { OverviewTab, StatusBadge } from "./overview-tab.tsx";
import { planInWords } from "../tenants/status.ts";
import { Situation } from "./situation.tsx";
import { SubscriptionsTab } from "./subscriptions-tab.tsx";
import "./tenant.css";
import { TimelineTab } from "./timeline-tab.tsx";
import { type Tab, TABS } from "./troubles.ts";
import { UsageTab } from "./usage-tab.tsx";
import { useParameter } from "./use-parameter.ts";
import { useTenant } from "./use-tenant.ts";
import { WorkTab } from "./work-tab.tsx";

const TAB_LABELS: Readonly<Record<Tab, string>> = {
  overview: "Overview",
  numbers: "Numbers",
  usage: "Usage",
  subscriptions: "Subscriptions",
  limits: "Limits",
  work: "Alerts and jobs",
  timeline: "Timeline",
};

export interface TenantDrawerProps {
  userId: string;
  /** Leads back to the list. */
  onClose: () => void;
}

/** One tenant: what is wrong and what to do, everything that is known, and every action, in tabs that the address names. */
export function TenantDrawer({ userId, onClose }: TenantDrawerProps) {
  const { data: view, error, refetch } = useTenant(userId);
  const { modals } = useModals();
  const isBelow = modals.length > 0;
  return (
    <Drawer
      opened={useOpened()}
      onClose={onClose}
      position="right"
      // In its place in the document, and so before the dialogs of actions, which are above it.
      withinPortal={false}
      size="min(860px, 100vw)"
      className="tenant-drawer"
      title={view === undefined ? "Tenant" : view.tenant.email ?? view.tenant.userId}
      closeButtonProps={{ "aria-label": "Close" }}
      // Mantine listens at the window, also while the dialog of an action is above the drawer. That key closes the dialog alone.
      closeOnEscape={false}
      onKeyDown={({ key }) => key === "Escape" && !isBelow && onClose()}
      trapFocus={!isBelow}
      returnFocus={false}
      transitionProps={{ duration: 150, transition: "fade" }}
    >
      {view !== undefined
        ? <Whole key={userId} view={view} error={error} onRetry={() => void refetch()} />
        : error === null
        ? <Loading />
        : isUnknown(error)
        ? (
          <EmptyState icon={<Building2 />} title="No such tenant">
            No user with this ID has or had a subaccount. Provision one from the list of tenants.
          </EmptyState>
        )
        : <LoadFailure error={error} onRetry={() => void refetch()} />}
    </Drawer>
  );
}

/** An address opens the drawer with the screen: Mantine shows it from the render after its first. */
function useOpened(): boolean {
  const [opened, setOpened] = useState(false);
  useEffect(() => setOpened(true), []);
  return opened;
}

/** The function's code for an id that is no tenant's, and for one that is no id. */
function isUnknown(error: unknown): boolean {
  return error instanceof SwitchboardError && (error.code === "not_found" || error.code === "invalid_input");
}

function Loading() {
  return (
    <Stack gap="lg" role="status" aria-label="Loading the tenant">
      {[90, 40, 280].map((height) => <Skeleton key={height} h={height} radius="md" />)}
    </Stack>
  );
}

function Whole({ view, error, onRetry }: { view: TenantView; error: unknown; onRetry: () => void }) {
  const [tab, setTab] = useParameter("tab", TABS, "overview");
  const { tenant } = view;
  const list = useRef<HTMLDivElement>(null);
  // On a phone, the tabs scroll sideways.
  useEffect(() => {
    list.current?.querySelector("[data-active]")?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [tab]);
  const waiting = view.alerts.filter(({ acknowledgedAt }) => acknowledgedAt === null).length + view.deadLetters.length;
  return (
    <Stack gap="md">
      <Group gap="xs">
        <StatusBadge tenant={tenant} />
        <Badge variant="outline" radius="sm" tt="none">{planInWords(tenant)}</Badge>
      </Group>
      {error !== null && <LoadFailure error={error} onRetry={onRetry} />}
      <Situation view={view} onTab={setTab} />
      <Tabs value={tab} onChange={(value) => setTab(value as Tab)} className="tenant-tabs" keepMounted={false}>
        <Tabs.List ref={list} aria-label="Parts of the tenant">
          {TABS.map((name) => (
            <Tabs.Tab
              key={name}
              value={name}
              rightSection={name === "work" && waiting > 0
                ? <Badge size="sm" circle color="red" aria-label={`${waiting} waiting`}>{waiting}</Badge>
                : undefined}
            >
              {TAB_LABELS[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map((name) => (
          <Tabs.Panel key={name} value={name}>
            <Panel tab={name} view={view} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  );
}

function Panel({ tab, view }: { tab: Tab; view: TenantView }) {
  switch (tab) {
    case "overview":
      return <OverviewTab view={view} />;
    case "numbers":
      return <NumbersTab view={view} />;
    case "usage":
      return <UsageTab view={view} />;
    case "subscriptions":
      return <SubscriptionsTab view={view} />;
    case "limits":
      return <LimitsTab view={view} />;
    case "work":
      return <WorkTab view={view} />;
    case "timeline":
      return <TimelineTab userId={view.tenant.userId} />;
  }
}
