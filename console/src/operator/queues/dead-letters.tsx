import { Badge, Button, Checkbox, Group, Text } from "@mantine/core";
import { ChevronDown, ChevronRight, MailCheck } from "lucide-react";
import { useSearchParams } from "wouter";
import type { BoundedCount } from "../../../../client/switchboard.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { Panel } from "../../platform/panel.tsx";
import { DetailsList } from "../details-list.tsx";
import { detailsOf, inWords } from "../details.ts";
import { LANES } from "../health/words.ts";
import { SelectBar } from "../lists/select-bar.tsx";
import { useSelection } from "../lists/use-selection.ts";
import { TenantName } from "../lists/tenant-name.tsx";
import { useEmails } from "../lists/use-emails.ts";
import { jobKindOf, tenantOf } from "./job.ts";
import { openReplay, openReplayAll, openReplayOf } from "./replay.tsx";
import { type DeadLetter, useDeadLetters } from "./use-dead-letters.ts";

/** The jobs that failed in every attempt, and their replay. @param count of all, as far as it is known */
export function DeadLetters({ count }: { count: BoundedCount | undefined }) {
  return (
    <Panel
      title="Dead letters"
      description="Jobs that failed in every attempt. Nothing repeats them but you."
      aside={count !== undefined && count.count > 0 && (
        <Button
          size="xs"
          variant="default"
          onClick={() => openReplayAll(count)}
        >
          Replay all
        </Button>
      )}
    >
      <List />
    </Panel>
  );
}

function List() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useDeadLetters();
  const [query, setQuery] = useSearchParams();
  const letters = data?.pages.flatMap(({ deadLetters }) => deadLetters) ?? [];
  const selection = useSelection(letters.map(({ id }) => id));
  const emails = useEmails(letters.flatMap((letter) => tenantOf(letter) ?? []));
  if (data === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={200} label="Loading the dead letters" />;
  }
  if (letters.length === 0) {
    return <EmptyState icon={<MailCheck />} title="No dead letters">Every job was done, or is still tried.</EmptyState>;
  }
  const selected = letters.filter(({ id }) => selection.ids.includes(id));
  const open = query.get("letter");
  return (
    <>
      <SelectBar selection={selection} shown={letters.length} noun="dead letters">
        <Button size="xs" variant="light" disabled={selected.length === 0} onClick={() => openReplayOf(selected)}>
          Replay selected
        </Button>
      </SelectBar>
      <ul className="rows" aria-label="Dead letters">
        {letters.map((letter) => (
          <Row
            key={letter.id}
            letter={letter}
            emails={emails}
            isOpen={open === String(letter.id)}
            onOpen={() => setQuery(open === String(letter.id) ? {} : { letter: String(letter.id) }, { replace: true })}
            isSelected={selection.has(letter.id)}
            onSelect={() => selection.toggle(letter.id)}
          />
        ))}
      </ul>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {hasNextPage && (
        <Group justify="center">
          <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Older dead letters
          </Button>
        </Group>
      )}
    </>
  );
}

interface RowProps {
  letter: DeadLetter;
  emails: ReadonlyMap<string, string>;
  isOpen: boolean;
  onOpen: () => void;
  isSelected: boolean;
  onSelect: () => void;
}

function Row({ letter, emails, isOpen, onOpen, isSelected, onSelect }: RowProps) {
  const { id, lane, job, error, buriedAt } = letter;
  const kind = inWords(jobKindOf(letter));
  const tenant = tenantOf(letter);
  const name = `${kind}, ${id}`;
  const facts = detailsOf(job).filter(({ label }) => label !== "Kind");
  return (
    <li className="row operator-row">
      <Checkbox checked={isSelected} onChange={onSelect} aria-label={`Select ${name}`} />
      <div className="row-main">
        <Group gap="xs">
          <Text fw={600} size="sm">{kind}</Text>
          <Badge variant="light" color="gray" tt="none">{LANES[lane].label}</Badge>
          {tenant !== null && <TenantName userId={tenant} emails={emails} />}
        </Group>
        <Text size="sm" lineClamp={isOpen ? 40 : 2} style={{ overflowWrap: "anywhere" }}>{error}</Text>
        <Text size="xs" c="dimmed">Given up {dateAndTime(buriedAt)}</Text>
      </div>
      <Group gap="xs">
        <Button
          size="xs"
          variant="subtle"
          aria-expanded={isOpen}
          aria-label={`Details of ${name}`}
          leftSection={isOpen ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
          onClick={onOpen}
        >
          Details
        </Button>
        <Button size="xs" variant="default" aria-label={`Replay ${name}`} onClick={() => openReplay(letter)}>
          Replay
        </Button>
      </Group>
      {isOpen && (
        <div className="operator-opened">
          <DetailsList details={[{ label: "Dead letter", value: String(id) }, ...facts]} />
        </div>
      )}
    </li>
  );
}
