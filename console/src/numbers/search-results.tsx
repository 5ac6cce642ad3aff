import { Alert, Button, Flex, Group, Skeleton, Stack, Text } from "@mantine/core";
import { FileText, SearchX } from "lucide-react";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { money } from "../platform/money.ts";
import { readable } from "../phone/phone-format.ts";
import { obstacleToOffer, requirementsOf } from "./buying.ts";
import { CapabilityBadges } from "./capability-badges.tsx";
import { countryName } from "./countries.ts";
import { describeSearch, FEW, MOST } from "./number-search.ts";
import type { AvailableNumber, NumberSearch, useNumberSearch } from "./use-number-search.ts";
import type { NumbersOverview } from "./use-numbers.ts";

export interface SearchResultsProps {
  results: ReturnType<typeof useNumberSearch>;
  overview: NumbersOverview | undefined;
  /** The id of the note that says why no number can be bought; null when one can. */
  obstacleId: string | null;
  onChoose: (number: AvailableNumber) => void;
  onMore: (search: NumberSearch) => void;
}

/** The results of a number search. While another search runs, the old ones are dimmed and cannot be bought. */
export function SearchResults({ results, overview, obstacleId, onChoose, onMore }: SearchResultsProps) {
  const { data, error, isFetching, refetch } = results;
  if (error !== null && !isFetching) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (data === undefined) {
    return (
      <Stack gap="xs" aria-label="Searching" aria-busy>
        {[0, 1, 2, 3].map((row) => <Skeleton key={row} h={52} />)}
      </Stack>
    );
  }
  const { search, numbers } = data;
  const busy = isFetching && { opacity: 0.45 };
  if (numbers.length === 0) {
    return (
      <div style={{ ...busy }} aria-busy={isFetching}>
        <EmptyState icon={<SearchX />} title="No matching numbers">
          Twilio has no {describeSearch(search ?? {})}{" "}
          that can send texts. Try another type or area code, or fewer digits.
        </EmptyState>
      </div>
    );
  }
  return (
    <Stack gap="sm" style={{ ...busy }} aria-busy={isFetching}>
      <Text size="sm" c="dimmed" role="status">{numbers.length} {describeSearch(search ?? {})}</Text>
      <Requirements numbers={numbers} />
      <ul className="rows" aria-label="Available numbers">
        {numbers.map((number) => (
          <Offer
            key={number.phoneNumber}
            number={number}
            problem={overview === undefined ? null : obstacleToOffer(number, overview)}
            obstacleId={obstacleId}
            disabled={isFetching || obstacleId !== null || overview === undefined}
            onChoose={onChoose}
          />
        ))}
      </ul>
      <More shown={numbers.length} search={search ?? {}} disabled={isFetching} onMore={onMore} />
    </Stack>
  );
}

/** What Twilio requires for the numbers: the same for all numbers of a type in a country. */
function Requirements({ numbers }: { numbers: readonly AvailableNumber[] }) {
  const [first] = numbers;
  const requirements = first === undefined ? [] : requirementsOf(first);
  if (requirements.length === 0) return null;
  return (
    <Alert variant="light" color="yellow" icon={<FileText />} role="note" title={requirements.join(" · ")}>
      The country requires this of the owner of such a number. Your provider registers it at Twilio and tells you the
      ID, which you enter when you buy.
    </Alert>
  );
}

interface OfferProps extends Pick<SearchResultsProps, "obstacleId" | "onChoose"> {
  number: AvailableNumber;
  problem: string | null;
  disabled: boolean;
}

function Offer({ number, problem, obstacleId, disabled, onChoose }: OfferProps) {
  const { phoneNumber, locality, region, isoCountry, monthlyPrice, capabilities } = number;
  const place = [locality, region].filter(Boolean).join(", ") || countryName(isoCountry);
  const problemId = `problem-${phoneNumber.slice(1)}`;
  const reasonId = problem !== null ? problemId : obstacleId;
  return (
    <li className="row" style={{ flexWrap: "nowrap" }}>
      <div className="row-main" style={{ minWidth: 0 }}>
        <Group gap="4px 12px">
          <Text fw={600} className="digits">{readable(phoneNumber)}</Text>
          <CapabilityBadges capabilities={capabilities} />
        </Group>
        <Text size="sm" c="dimmed">{place}</Text>
        {problem !== null && <Text size="sm" id={problemId}>{problem}</Text>}
      </div>
      <Flex direction={{ base: "column", xs: "row" }} align={{ base: "end", xs: "center" }} gap={{ base: 6, xs: "md" }}>
        {monthlyPrice !== null && (
          <Text size="sm" className="digits" style={{ whiteSpace: "nowrap" }}>
            <Text span fw={600}>{money(monthlyPrice.amount, monthlyPrice.currency)}</Text> a month
          </Text>
        )}
        <Button
          size="xs"
          variant="light"
          disabled={disabled || problem !== null}
          aria-label={`Buy ${readable(phoneNumber)}`}
          {...(reasonId !== null && { "aria-describedby": reasonId })}
          onClick={() => onChoose(number)}
        >
          Buy
        </Button>
      </Flex>
    </li>
  );
}

interface MoreProps extends Pick<SearchResultsProps, "onMore"> {
  shown: number;
  search: NumberSearch;
  disabled: boolean;
}

function More({ shown, search, disabled, onMore }: MoreProps) {
  const { limit = FEW } = search;
  if (shown < limit) return null;
  return limit < MOST
    ? (
      <Group justify="center">
        <Button variant="subtle" disabled={disabled} onClick={() => onMore({ ...search, limit: MOST })}>
          Show more
        </Button>
      </Group>
    )
    : <Text size="sm" c="dimmed" ta="center">A search shows at most {MOST}. Narrow it to see other numbers.</Text>;
}
