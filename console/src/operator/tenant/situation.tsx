import { Alert, Button, Group, List, Text } from "@mantine/core";
import { Check, CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { TenantView } from "../../../../client/switchboard.ts";
import { ActionButton } from "./tenant-actions.tsx";
import { calmOf, type Severity, type Tab, type Trouble, troublesOf } from "./troubles.ts";

const LOOKS = {
  critical: { color: "red", Icon: CircleAlert },
  warning: { color: "orange", Icon: TriangleAlert },
  notice: { color: "blue", Icon: Info },
} as const satisfies Record<Severity, unknown>;

const TAB_LINKS: Readonly<Partial<Record<Tab, string>>> = {
  numbers: "Numbers",
  subscriptions: "Subscriptions",
  limits: "Limits",
  work: "Alerts and jobs",
  timeline: "Timeline",
};

/** What is wrong with a tenant and what to do, in one sentence, with the actions that help. */
export function Situation({ view, onTab }: { view: TenantView; onTab: (tab: Tab) => void }) {
  const [first, ...others] = troublesOf(view);
  if (first === undefined) {
    return (
      <Alert role="note" color="teal" variant="light" icon={<Check />} aria-label="Situation">{calmOf(view)}</Alert>
    );
  }
  const { color, Icon } = LOOKS[first.severity];
  return (
    <Alert role="note" color={color} variant="light" icon={<Icon />} aria-label="Situation">
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>{first.text}</Text>
      <Ways trouble={first} view={view} onTab={onTab} />
      {others.length > 0 && (
        <List size="sm" mt="sm" spacing={4}>
          {others.map(({ text }) => <List.Item key={text} style={{ overflowWrap: "anywhere" }}>{text}</List.Item>)}
        </List>
      )}
    </Alert>
  );
}

function Ways({ trouble: { actions, tab }, view, onTab }: {
  trouble: Trouble;
  view: TenantView;
  onTab: (tab: Tab) => void;
}) {
  const link = tab === null ? undefined : TAB_LINKS[tab];
  if (actions.length === 0 && link === undefined) return null;
  return (
    <Group gap="xs" mt="sm">
      {actions.map((action) => <ActionButton key={action} action={action} view={view} isOnColor />)}
      {tab !== null && link !== undefined && (
        <Button size="xs" variant="default" onClick={() => onTab(tab)}>{link}</Button>
      )}
    </Group>
  );
}
