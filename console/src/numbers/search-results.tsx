import { Button, Skeleton, Stack, Text } from "@mantine/core";
import { Inbox } from "lucide-react";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { CapabilityBadges } from "./capability-badges.tsx";
import { readable } from "../phone/phone-format.ts";
import type { AvailableNumber, useNumberSearch } from "./use-number-search.ts";

export interface SearchResultsProps {
  results: ReturnType<typeof useNumberSearch>;
  onChoose: (number: AvailableNumber) => void;
}

/** The results of a number search. */
export function SearchResults({ results: { data, error, refetch }, onChoose }: SearchResultsProps) {
  if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (data === undefined) {
    return (
      <Stack gap="xs" aria-label="Searching">
        {[0, 1, 2, 3].map((row) => <Skeleton key={row} h={52} />)}
      </Stack>
    );
  }
  if (data.length === 0) {
    return (
      <EmptyState icon={<Inbox />} title="No matching numbers">
        Try another area code, fewer digits, or another type.
      </EmptyState>
    );
  }
  return (
    <ul className="rows" aria-label="Available numbers">
      {data.map((number) => <Offer key={number.phoneNumber} number={number} onChoose={onChoose} />)}
    </ul>
  );
}

function Offer({ number, onChoose }: { number: AvailableNumber; onChoose: (number: AvailableNumber) => void }) {
  const place = [number.locality, number.region, number.isoCountry].filter(Boolean).join(", ");
  return (
    <li className="row">
      <div className="row-main">
        <Text fw={600} className="digits">{readable(number.phoneNumber)}</Text>
        <Text size="sm" c="dimmed">{place}</Text>
      </div>
      <CapabilityBadges capabilities={number.capabilities} />
      <Button
        size="xs"
        variant="light"
        className="row-action"
        aria-label={`Buy ${readable(number.phoneNumber)}`}
        onClick={() => onChoose(number)}
      >
        Buy
      </Button>
    </li>
  );
}
