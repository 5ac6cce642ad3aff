import { Anchor } from "@mantine/core";
import { Hash } from "lucide-react";
import { Link } from "wouter";
import { NumberRow } from "../numbers/number-row.tsx";
import { useNumbers } from "../numbers/use-numbers.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";

const SHOWN = 4;

/** The first few numbers. */
export function NumbersCard() {
  const { data, error, refetch } = useNumbers();
  return (
    <Panel
      title={data?.source === "master" ? "Shared numbers" : "Numbers"}
      aside={<Anchor component={Link} href="/numbers" size="sm">All numbers</Anchor>}
    >
      {data === undefined && error === null && <Loading h={120} label="Loading your numbers" />}
      {data === undefined && error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {data?.numbers.length === 0 && (
        <EmptyState icon={<Hash />} title="No numbers yet">
          Once your subaccount is active, buy your first number under Numbers.
        </EmptyState>
      )}
      {data !== undefined && data.numbers.length > 0 && (
        <ul className="rows rows-compact">
          {data.numbers.slice(0, SHOWN).map((number) => <NumberRow key={number.id} number={number} />)}
        </ul>
      )}
    </Panel>
  );
}
