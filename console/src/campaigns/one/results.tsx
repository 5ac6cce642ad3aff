import { Alert, Anchor, Button, Group, Paper, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useMutation } from "@tanstack/react-query";
import { Download, RotateCcw } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";
import type { CampaignCount, CampaignRecipient } from "../../../../client/switchboard.ts";
import { readable } from "../../phone/phone-format.ts";
import { useBackend } from "../../platform/backend.tsx";
import { dateAndTime } from "../../platform/dates.ts";
import { csvOf, download } from "../../platform/download.ts";
import { FailureAlert } from "../../platform/failure-alert.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { Panel } from "../../platform/panel.tsx";
import { CountsBar } from "../counts-bar.tsx";
import { COUNTS, labelOf, progressOf, recipientsText, remarkOf } from "../status.ts";
import { type Campaign, useRecipients, useRefreshRecipients, useRetryCampaign } from "../use-campaigns.ts";

/** How far a campaign is, and the result of each recipient. */
export function Results({ campaign }: { campaign: Campaign }) {
  const { id, counts, total, recipientsDeletedAt } = campaign;
  const [, navigate] = useLocation();
  const wanted = new URLSearchParams(useSearch()).get("result");
  const filter = COUNTS.find(({ count }) => count === wanted)?.count;
  useFollow(campaign);
  const show = (count: CampaignCount | undefined) =>
    navigate(`/campaigns/${id}${count === undefined ? "" : `?result=${count}`}`, { replace: true });
  return (
    <Panel
      title="Results"
      aside={recipientsDeletedAt === null && <Actions campaign={campaign} />}
    >
      <Stack gap="md">
        <div>
          <Text size="sm" c="dimmed" mb={4} className="digits">
            {(total - counts.waiting - counts.inFlight).toLocaleString()} of {total.toLocaleString()} done
            {" · "}
            {progressOf(campaign)} %
          </Text>
          <CountsBar counts={counts} total={total} size="lg" />
        </div>
        <div className="campaign-counts" role="group" aria-label="Show only">
          {COUNTS.filter(({ count }) => counts[count] > 0 || count === filter).map(({ count, label, color }) => (
            <UnstyledButton
              key={count}
              className="campaign-count"
              aria-pressed={count === filter}
              onClick={() => show(count === filter ? undefined : count)}
            >
              <Text span size="sm" c="dimmed">
                <span className="campaign-dot" style={{ background: colorOf(color) }} aria-hidden />
                {label}
              </Text>
              <Text span fw={650} fz="lg" className="digits">{counts[count].toLocaleString()}</Text>
            </UnstyledButton>
          ))}
        </div>
        {recipientsDeletedAt === null ? <Recipients campaign={campaign} filter={filter} /> : (
          <Text size="sm" c="dimmed">
            The recipients were deleted on {dateAndTime(recipientsDeletedAt)}. The counts stay.
          </Text>
        )}
      </Stack>
    </Panel>
  );
}

const colorOf = (color: string) => `var(--mantine-color-${color.replace(".", "-")})`;

/** The list is read again at most this often, however fast the counts change. */
const REFRESH_MS = 2_500;

/** Reads the shown results again when the counts have changed. */
function useFollow({ id, counts }: Campaign): void {
  const refresh = useRefreshRecipients(id);
  const text = JSON.stringify(counts);
  const seen = useRef(text);
  const due = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (seen.current === text) return;
    seen.current = text;
    due.current ??= setTimeout(() => {
      due.current = undefined;
      refresh();
    }, REFRESH_MS);
  }, [text]);
  useEffect(() => () => clearTimeout(due.current), []);
}

function Actions({ campaign }: { campaign: Campaign }) {
  const { id, counts, status } = campaign;
  const { switchboard } = useBackend();
  const isOver = status === "completed" || status === "canceled";
  const exporting = useMutation({
    mutationFn: async () => {
      const rows: CampaignRecipient[] = [];
      for await (const recipient of switchboard.everyRecipient(id, { limit: 1000 })) rows.push(recipient);
      download(`campaign-${id.slice(0, 8)}.csv`, csvOfResults(rows));
    },
  });
  return (
    <Stack gap="xs" align="end">
      <Group gap="sm">
        {isOver && counts.failed > 0 && (
          <Button
            variant="light"
            leftSection={<RotateCcw size={16} />}
            onClick={() => openRetry(campaign)}
          >
            Retry failed
          </Button>
        )}
        <Button
          variant="default"
          leftSection={<Download size={16} />}
          loading={exporting.isPending}
          onClick={() => exporting.mutate()}
        >
          Export
        </Button>
      </Group>
      {exporting.error !== null && <FailureAlert error={exporting.error} />}
    </Stack>
  );
}

function csvOfResults(rows: readonly CampaignRecipient[]): string {
  return csvOf(
    ["Row", "Number", "Result", "Status", "Error code", "Remark", "Message"],
    rows.map((row) => [
      row.index + 1,
      row.to,
      labelOf(row.count),
      row.status,
      row.errorCode,
      remarkOf(row),
      row.messageId,
    ]),
  );
}

function openRetry(campaign: Campaign): void {
  const modalId = modals.open({
    title: "Retry the failed messages?",
    children: <RetryDialog campaign={campaign} onDone={() => modals.close(modalId)} />,
  });
}

function RetryDialog({ campaign, onDone }: { campaign: Campaign; onDone: () => void }) {
  const [, navigate] = useLocation();
  // One key for as long as the dialog is open: pressing twice, or again after a lost answer, makes one retry.
  const [key] = useState(() => crypto.randomUUID());
  const retry = useRetryCampaign(campaign.id, key);
  return (
    <Stack gap="md">
      <Text size="sm">
        A new campaign sends the same message to {recipientsText(campaign.counts.failed)}{" "}
        whose message failed, at once. It costs as much as any message. Those with an unknown outcome are left out: they
        may have got it.
      </Text>
      {campaign.sendWindow !== null && <Text size="sm">The hours of the campaign are kept.</Text>}
      {retry.error !== null && <FailureAlert error={retry.error} />}
      <Group justify="end" gap="sm">
        <Button variant="default" disabled={retry.isPending} onClick={onDone}>Cancel</Button>
        <Button
          data-autofocus
          loading={retry.isPending}
          onClick={() =>
            retry.mutate(undefined, {
              onSuccess: ({ id }) => {
                onDone();
                navigate(`/campaigns/${id}`);
              },
            })}
        >
          Retry {campaign.counts.failed.toLocaleString()}
        </Button>
      </Group>
    </Stack>
  );
}

function Recipients({ campaign, filter }: { campaign: Campaign; filter: CampaignCount | undefined }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useRecipients(campaign.id, filter);
  const recipients = data?.pages.flatMap((page) => page.recipients);
  if (recipients === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={240} label="Loading the recipients" />;
  }
  if (recipients.length === 0) {
    return <Alert color="gray" variant="light">No recipient is under this result.</Alert>;
  }
  return (
    <>
      <Paper className="campaign-table" role="region" aria-label="Recipients" tabIndex={0}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Number</Table.Th>
              <Table.Th scope="col">Result</Table.Th>
              <Table.Th scope="col" className="campaign-remark">Remark</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {recipients.map((recipient) => (
              <Recipient key={recipient.index} from={campaign.from} recipient={recipient} />
            ))}
          </Table.Tbody>
        </Table>
      </Paper>
      {error !== null && (
        <LoadFailure
          error={error}
          onRetry={() => void refetch()}
        />
      )}
      {hasNextPage && (
        <Button
          variant="subtle"
          loading={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          More recipients
        </Button>
      )}
    </>
  );
}

function Recipient({ from, recipient }: { from: string; recipient: CampaignRecipient }) {
  const { to, count, messageId } = recipient;
  const color = COUNTS.find((known) => known.count === count)?.color ?? "gray.5";
  return (
    <Table.Tr>
      <Table.Td className="digits">
        {messageId === null ? readable(to) : <Anchor href={`#/inbox/${from}~${to}`} size="sm">{readable(to)}</Anchor>}
      </Table.Td>
      <Table.Td>
        <span className="campaign-dot" style={{ background: colorOf(color) }} aria-hidden />
        {labelOf(count)}
      </Table.Td>
      <Table.Td c="dimmed" className="campaign-remark">{remarkOf(recipient)}</Table.Td>
    </Table.Tr>
  );
}
