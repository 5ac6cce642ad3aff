import { Badge, Group, Loader, Stack, Text } from "@mantine/core";
import { Hash } from "lucide-react";
import type { NumberInProgress } from "../../../client/switchboard.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";
import { readable } from "../phone/phone-format.ts";
import { useUser } from "../session/session.tsx";
import { useSubaccount } from "../subaccount/use-subaccount.ts";
import { usageOf } from "./buying.ts";
import { NumberRow } from "./number-row.tsx";
import { OwnNumber } from "./own-number.tsx";
import { ScheduledNote } from "./scheduled-note.tsx";
import { SharedNotice } from "./shared-notice.tsx";
import { SyncPanel } from "./sync-panel.tsx";
import { type NumberList, type NumbersOverview, useNumbers, useNumbersOverview } from "./use-numbers.ts";
import { useObstacle } from "./use-obstacle.ts";
import { WayOut } from "./way-out.tsx";

/** The numbers that the tenant can send from. */
export function OwnedNumbers() {
  const { data, error, isPending, refetch } = useNumbers();
  const { data: overview } = useNumbersOverview();
  const { data: subaccount } = useSubaccount();
  const { isOperator } = useUser();
  const isActive = subaccount?.status === "active";
  return (
    <Panel
      title={data?.source === "master" ? "Shared numbers" : "Your numbers"}
      // A suspended account has no plan in force.
      aside={isActive && overview !== undefined && data?.source === "subaccount" && <PlanUsage overview={overview} />}
    >
      {data !== undefined && (
        <Numbers list={data} overview={overview} status={subaccount?.status} isTenant={!isOperator} />
      )}
      {data === undefined && isPending && <Loading h={120} label="Loading your numbers" />}
      {data === undefined && error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
    </Panel>
  );
}

interface NumbersProps extends Pick<Parameters<typeof OwnNumber>[0], "status"> {
  list: NumberList;
  /** Undefined until it is loaded: the list does not wait for it. */
  overview: NumbersOverview | undefined;
  /** Others are not told how to get numbers of their own. */
  isTenant: boolean;
}

function Numbers({ list: { source, notice, numbers }, overview, status, isTenant }: NumbersProps) {
  const listed = new Set(numbers.map(({ phoneNumber }) => phoneNumber));
  const inProgress = overview?.inProgress.filter(({ phoneNumber }) => !listed.has(phoneNumber)) ?? [];
  const kept = overview?.scheduled.filter(({ change }) => change === "parked_until") ?? [];
  const isEmpty = numbers.length + inProgress.length + kept.length === 0;
  return (
    <Stack gap="sm">
      {isTenant && notice !== undefined && <SharedNotice notice={notice} />}
      {isEmpty && notice === undefined && (
        <EmptyState icon={<Hash />} title="No numbers yet">
          Find one below. The first number you buy becomes your primary number: messages are sent from it by default.
        </EmptyState>
      )}
      {!isEmpty && (
        <ul className="rows">
          {numbers.map((number) =>
            number.source === "subaccount"
              ? (
                <OwnNumber
                  key={number.id}
                  number={number}
                  status={status}
                  scheduled={overview?.scheduled.filter(({ numberId }) => numberId === number.id) ?? []}
                />
              )
              : <NumberRow key={number.id} number={number} />
          )}
          {inProgress.map((number) => <InProgress key={number.numberId} number={number} />)}
          {kept.map((change) => (
            <li className="row" key={change.phoneNumber}>
              <Text fw={600} className="digits">{readable(change.phoneNumber)}</Text>
              <div style={{ flexBasis: "100%", minWidth: 0 }}>
                <ScheduledNote change={change} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {source === "subaccount" && status === "active" && overview !== undefined && (
        <SyncPanel comparedAt={overview.comparedAt} />
      )}
    </Stack>
  );
}

function InProgress({ number: { phoneNumber, status } }: { number: NumberInProgress }) {
  return (
    <li className="row">
      <Text fw={600} className="digits row-main">{readable(phoneNumber)}</Text>
      <Badge variant="light" color="gray" radius="sm" tt="none" leftSection={<Loader size={10} />}>
        {status === "purchasing" ? "Being bought" : "Being released"}
      </Badge>
    </li>
  );
}

function PlanUsage({ overview }: { overview: NumbersOverview }) {
  const obstacle = useObstacle();
  const isFull = overview.numbers.held >= overview.numbers.limit;
  return (
    <Group gap="sm">
      <Text size="sm" {...(isFull ? { fw: 600 } : { c: "dimmed" })}>{usageOf(overview)}</Text>
      {isFull && obstacle?.wayOut != null && <WayOut way={obstacle.wayOut} />}
    </Group>
  );
}
