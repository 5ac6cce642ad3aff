import { Skeleton, Stack, Text } from "@mantine/core";
import { Hash } from "lucide-react";
import { useBilling } from "../billing/use-billing.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Panel } from "../platform/panel.tsx";
import { NumberMenu } from "./number-menu.tsx";
import { NumberRow } from "./number-row.tsx";
import { SharedNotice } from "./shared-notice.tsx";
import { type NumberList, useNumbers } from "./use-numbers.ts";

/** The numbers that the tenant can send from. */
export function OwnedNumbers() {
  const { data, error, isPending, refetch } = useNumbers();
  return (
    <Panel
      title={data?.source === "master" ? "Shared numbers" : "Your numbers"}
      aside={data?.source === "subaccount" && <PlanUsage used={data.numbers.length} />}
    >
      {data !== undefined && <Numbers list={data} />}
      {data === undefined && isPending && <Skeleton h={120} aria-label="Loading your numbers" />}
      {data === undefined && error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
    </Panel>
  );
}

function Numbers({ list: { notice, numbers } }: { list: NumberList }) {
  return (
    <Stack gap="sm">
      {notice !== undefined && <SharedNotice notice={notice} />}
      {numbers.length === 0 && notice === undefined && (
        <EmptyState icon={<Hash />} title="No numbers yet">
          Find one below. The first number you buy becomes your primary number: messages are sent from it by default.
        </EmptyState>
      )}
      {numbers.length > 0 && (
        <ul className="rows">
          {numbers.map((number) => (
            <NumberRow key={number.id} number={number}>
              {number.source === "subaccount" && <NumberMenu number={number} />}
            </NumberRow>
          ))}
        </ul>
      )}
    </Stack>
  );
}

function PlanUsage({ used }: { used: number }) {
  const { billing } = useBilling();
  if (!billing?.plan) return null;
  return <Text size="sm" c="dimmed">{used} of {billing.plan.max_numbers} in your plan</Text>;
}
