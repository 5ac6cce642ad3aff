import { Alert, Button, Divider, Group, Paper, SimpleGrid, Skeleton, Stack, Table, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Download, RefreshCw, Send } from "lucide-react";
import { useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { type BulkPreview, type BulkResponse, SwitchboardError } from "../../../../client/switchboard.ts";
import { countryName } from "../../numbers/countries.ts";
import { readable } from "../../phone/phone-format.ts";
import { useBackend } from "../../platform/backend.tsx";
import { dateAndTime } from "../../platform/dates.ts";
import { csvOf, download } from "../../platform/download.ts";
import { Fact, Facts } from "../../platform/facts.tsx";
import { FailureAlert } from "../../platform/failure-alert.tsx";
import { isFailure } from "../../platform/failure.ts";
import { money } from "../../platform/money.ts";
import { Panel } from "../../platform/panel.tsx";
import { segmentsText } from "../../send-message/segment-meter.tsx";
import { recipientsText } from "../status.ts";
import { useTakeOver } from "../use-campaigns.ts";
import { ownZone, windowText, zoneText } from "../windows.ts";
import { requestOf, UNDO_SECONDS } from "./draft.ts";
import { MessageText } from "./message-text.tsx";
import { type RejectedRow, type Verdicts, verdictsOf } from "./recipients.ts";
import { partsOf } from "./render.ts";
import type { StepProps } from "./step-props.ts";

/** Shows what the server would do with each recipient, and sends. */
export function ReviewStep(props: StepProps) {
  const { draft, recipients } = props;
  const { switchboard } = useBackend();
  const request = useMemo(() => requestOf(props, props.country), [draft.key, props.country]);
  const { data, error, refetch, isFetching } = useQuery({
    // The rules of the plan and the opt-outs are as of now, so a later look is a new one.
    queryKey: ["campaign-dry-run", draft.key, props.country],
    queryFn: ({ signal }) => switchboard.sendBulk({ ...request, dryRun: true }, { signal }),
    enabled: !draft.isUnanswered,
    staleTime: 60_000,
    gcTime: 300_000,
    // A dry run of a long list takes a second of the server.
    retry: false,
    meta: { isAside: true },
  });
  const sending = useSend(props.drafting, request);
  const isOnItsWay = sending.isPending || sending.isSuccess;
  if (draft.isUnanswered && !isOnItsWay) return <Unanswered {...props} sending={sending} />;
  const refused = rejectedBy(error);
  if (refused !== null) {
    return (
      <Stack gap="lg">
        <Alert color="red" variant="light" role="alert" title="This message has no valid recipient">
          No row of the list can be used. Go back, and check the column of the phone numbers and their country.
        </Alert>
        <Rejected {...props} rows={verdictsOf(recipients, refused).rejected} />
      </Stack>
    );
  }
  if (error !== null) {
    return (
      <FailureAlert error={error}>
        <Button
          size="xs"
          variant="light"
          color="red"
          leftSection={<RefreshCw size={14} />}
          loading={isFetching}
          onClick={() => void refetch()}
        >
          Check again
        </Button>
      </FailureAlert>
    );
  }
  if (data?.preview === undefined) {
    return (
      <div role="status" aria-label="Checking every recipient">
        <Skeleton h={320} radius="lg" />
      </div>
    );
  }
  return (
    <Reviewed
      {...props}
      sending={sending}
      preview={data.preview}
      verdicts={verdictsOf(recipients, data.rejected)}
    />
  );
}

/** The rows that a refused dry run names; null for another failure. */
function rejectedBy(error: unknown): BulkResponse["rejected"] | null {
  if (!(error instanceof SwitchboardError) || error.code !== "no_valid_recipients") return null;
  return error.details.map(({ index, to, code, message }) => ({
    index: Number(index),
    to: String(to ?? ""),
    code: String(code),
    message: String(message),
  }));
}

type Sending = ReturnType<typeof useSend>;

interface ReviewedProps extends StepProps {
  sending: Sending;
  preview: BulkPreview;
  verdicts: Verdicts;
}

function Reviewed(props: ReviewedProps) {
  const { draft, columns, preview, verdicts } = props;
  const { sent, overLimit, outsideWindow, optedOut, destinationRefused, currency } = preview;
  const price = (amount: number) => currency === null ? amount.toLocaleString() : money(amount, currency);
  const willGet = sent.recipients + overLimit.recipients + outsideWindow.recipients;
  const total = sent.estimatedPrice + overLimit.estimatedPrice + outsideWindow.estimatedPrice;
  const first = verdicts.accepted[0];
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Panel title="Recipients">
          <Facts>
            <Fact label="In the list">
              {(verdicts.accepted.length + verdicts.rejected.length).toLocaleString()}
            </Fact>
            <Fact label="Get the message">
              <Text span fw={650} className="digits">{willGet.toLocaleString()}</Text>
            </Fact>
            {overLimit.recipients > 0 && (
              <Fact label="Of those, later">
                {overLimit.recipients.toLocaleString()} · {LIMITS[overLimit.limit ?? "daily_limit_reached"]}
              </Fact>
            )}
            {outsideWindow.recipients > 0 && (
              <Fact label="At their hour">{outsideWindow.recipients.toLocaleString()} · outside of the hours now</Fact>
            )}
            <Fact label="Opted out">{optedOut === 0 ? "None" : `${optedOut.toLocaleString()}, left out`}</Fact>
            {destinationRefused > 0 && (
              <Fact label="Country not allowed">{destinationRefused.toLocaleString()}, left out</Fact>
            )}
            <Fact label="Rejected">
              {verdicts.rejected.length === 0 ? "None" : `${verdicts.rejected.length.toLocaleString()}, see below`}
            </Fact>
          </Facts>
          <Divider my="sm" />
          <Facts>
            <Fact label="Segments">
              {segmentsText(sent.segments + overLimit.segments + outsideWindow.segments)}
            </Fact>
            <Fact label="Estimated cost">
              <Text span fw={650} className="digits">{price(total)}</Text>
            </Fact>
            <Fact label="From">{readable(preview.from)}</Fact>
            <Fact label="Start">
              {draft.sendAt === null
                ? `Now, with ${UNDO_SECONDS} seconds to undo it`
                : `${dateAndTime(draft.sendAt)} (${zoneText(ownZone())})`}
            </Fact>
            {draft.window !== null && <Fact label="Hours">{windowText(draft.window)}</Fact>}
          </Facts>
          {draft.window !== null && outsideWindow.recipients > 0 && <Openings preview={preview} />}
        </Panel>
        <Panel title="Message" description={first && `As ${readable(first.to)} gets it`}>
          {first !== undefined && (
            <Stack align="end">
              <MessageText parts={partsOf(draft.body, first, columns)} />
            </Stack>
          )}
        </Panel>
      </SimpleGrid>
      {verdicts.rejected.length > 0 && <Rejected {...props} rows={verdicts.rejected} />}
      {willGet === 0
        ? (
          <Alert color="yellow" variant="light">
            This message would reach no recipient: all of them opted out or are in countries that are not allowed.
          </Alert>
        )
        : <SendButton {...props} count={willGet} />}
    </Stack>
  );
}

const LIMITS = {
  daily_limit_reached: "when your plan's messages of a day are free again",
  monthly_limit_reached: "when your plan's messages of a month are free again",
  spend_limit_reached: "when there is room under your spend limit",
} as const;

const SHOWN_WINDOWS = 6;

function Openings({ preview: { windows } }: { preview: BulkPreview }) {
  return (
    <Text size="sm" c="dimmed" mt="sm">
      First sent:{" "}
      {windows.slice(0, SHOWN_WINDOWS).map(({ country, opensAt }) => `${countryName(country)} ${dateAndTime(opensAt)}`)
        .join(" · ")}
      {windows.length > SHOWN_WINDOWS && ` · and ${windows.length - SHOWN_WINDOWS} more countries`}
    </Text>
  );
}

function SendButton({ draft, sending, count }: ReviewedProps & { count: number }) {
  return (
    <Stack gap="sm">
      {sending.error !== null && <FailureAlert error={sending.error} />}
      <Group justify="end">
        <Button
          size="md"
          leftSection={<Send size={18} />}
          loading={sending.isPending || sending.isSuccess}
          onClick={() => sending.mutate()}
        >
          {draft.sendAt === null ? `Send to ${recipientsText(count)}` : `Schedule for ${recipientsText(count)}`}
        </Button>
      </Group>
    </Stack>
  );
}

/** Sends the request under the key of the draft, and opens the campaign. Repeating it makes no second one. */
function useSend(drafting: StepProps["drafting"], request: ReturnType<typeof requestOf>) {
  const { switchboard } = useBackend();
  const [, navigate] = useLocation();
  const takeOver = useTakeOver();
  return useMutation({
    mutationFn: async () => {
      // Stored before the request: a tab that is closed meanwhile asks for the outcome when it is opened again.
      await drafting.begin();
      const { campaign } = await switchboard.sendBulk(request, { idempotencyKey: drafting.draft.key });
      return campaign!;
    },
    onSuccess: async (campaign) => {
      takeOver(campaign);
      await drafting.sent(campaign.id);
      navigate(`/campaigns/${campaign.id}`, { replace: true });
    },
    onError: (error) => {
      if (isFailure(error) && (!error.isTransient || error.status === 429)) drafting.refused();
    },
  });
}

/** The request was sent, and no answer came: the campaign may exist. */
function Unanswered({ drafting, sending }: StepProps & { sending: Sending }) {
  return (
    <Stack gap="md">
      <Alert color="yellow" variant="light" role="alert" title="The server did not answer">
        It is not known whether this campaign was created. Try again to find out: it is never created twice.
      </Alert>
      {sending.error !== null && <FailureAlert error={sending.error} />}
      <Group justify="space-between" gap="sm">
        <Group gap="sm">
          <Button component={Link} href="/campaigns" variant="default">Look at your campaigns</Button>
          <Button variant="subtle" onClick={() => confirmEdit(drafting)}>Change it instead</Button>
        </Group>
        <Button leftSection={<RefreshCw size={16} />} loading={sending.isPending} onClick={() => sending.mutate()}>
          Try again
        </Button>
      </Group>
    </Stack>
  );
}

function confirmEdit({ refused }: StepProps["drafting"]): void {
  modals.openConfirmModal({
    title: "Change this campaign?",
    children: (
      <Text size="sm">
        It may have been created already. Look for it among your campaigns before you send a changed one, or some
        recipients get two messages.
      </Text>
    ),
    labels: { confirm: "Change it", cancel: "Leave it" },
    onConfirm: refused,
  });
}

const SHOWN_REJECTED = 20;

function Rejected({ rows, draft, columns }: StepProps & { rows: readonly RejectedRow[] }) {
  const [isAll, setAll] = useState(false);
  const place = draft.source?.kind === "contacts" ? "Contact" : "Line";
  const shown = isAll ? rows : rows.slice(0, SHOWN_REJECTED);
  return (
    <Panel
      title={rows.length === 1 ? "1 row gets no message" : `${rows.length.toLocaleString()} rows get no message`}
      description="The others are not affected."
      aside={
        <Button
          variant="default"
          leftSection={<Download size={16} />}
          onClick={() => download("rejected-rows.csv", csvOfRejected(rows, columns, place))}
        >
          Download
        </Button>
      }
    >
      <Paper className="campaign-table" role="region" aria-label="Rejected rows" tabIndex={0}>
        <Table withRowBorders={false} striped>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{place}</Table.Th>
              <Table.Th scope="col">Number</Table.Th>
              <Table.Th scope="col">Reason</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map(({ line, to, reason }) => (
              <Table.Tr key={line}>
                <Table.Td className="digits">{line}</Table.Td>
                <Table.Td className="digits">{to}</Table.Td>
                <Table.Td className="campaign-remark">{reason}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Paper>
      {rows.length > shown.length && (
        <Button variant="subtle" size="xs" mt="xs" onClick={() => setAll(true)}>
          Show all {rows.length.toLocaleString()}
        </Button>
      )}
    </Panel>
  );
}

/** The rows as they are in the list, so that the file can be mended and uploaded, with the reason at the end. */
function csvOfRejected(rows: readonly RejectedRow[], columns: readonly string[], place: string): string {
  return csvOf(
    [...columns, place, "Reason"],
    rows.map(({ line, values, reason }) => [...columns.map((column) => values[column] ?? ""), line, reason]),
  );
}
