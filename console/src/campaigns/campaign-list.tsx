import { Button, Paper, Select, Stack, Text } from "@mantine/core";
import { Megaphone, Plus } from "lucide-react";
import { Link, useLocation, useSearch } from "wouter";
import type { CampaignStatus } from "../../../client/switchboard.ts";
import { readable } from "../phone/phone-format.ts";
import { dateAndTime } from "../platform/dates.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { Settled } from "../platform/settled.tsx";
import { CountsBar } from "./counts-bar.tsx";
import { progressOf, reasonOf, recipientsText, STATUSES, titleOf } from "./status.ts";
import { StatusBadge } from "./status-badge.tsx";
import { type Campaign, useCampaigns } from "./use-campaigns.ts";

const NEW_PATH = "/campaigns/new";

/** The tenant's campaigns, newest first, and the way to a new one. */
export function CampaignList() {
  const [, navigate] = useLocation();
  const wanted = new URLSearchParams(useSearch()).get("status");
  const status = wanted !== null && wanted in STATUSES ? wanted as CampaignStatus : undefined;
  return (
    <>
      <ScreenTitle
        title="Campaigns"
        description="One message to many recipients, each with their own words."
        aside={<Button component={Link} href={NEW_PATH} leftSection={<Plus size={16} />}>New campaign</Button>}
      />
      <Settled>
        <Stack gap="md">
          <Select
            aria-label="Status"
            placeholder="All statuses"
            clearable
            clearButtonProps={{ "aria-label": "All statuses" }}
            w={{ base: "100%", xs: 220 }}
            data={Object.entries(STATUSES).map(([value, { label }]) => ({ value, label }))}
            value={status ?? null}
            onChange={(value) => navigate(value === null ? "/campaigns" : `/campaigns?status=${value}`)}
          />
          <Rows status={status} />
        </Stack>
      </Settled>
    </>
  );
}

function Rows({ status }: { status: CampaignStatus | undefined }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useCampaigns(status);
  const campaigns = data?.pages.flatMap((page) => page.campaigns);
  if (campaigns === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={280} label="Loading your campaigns" />;
  }
  if (campaigns.length === 0) return <NoCampaigns status={status} />;
  return (
    <>
      <Paper component="ul" withBorder radius="lg" px="md" className="rows" aria-label="Campaigns">
        {campaigns.map((campaign) => <Row key={campaign.id} campaign={campaign} />)}
      </Paper>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {hasNextPage && (
        <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          More campaigns
        </Button>
      )}
    </>
  );
}

function Row({ campaign }: { campaign: Campaign }) {
  const { id, status, scheduledAt, createdAt, total, counts, from, retryOf } = campaign;
  const reason = reasonOf(campaign);
  const when = status === "scheduled" && scheduledAt !== null
    ? `Starts ${dateAndTime(scheduledAt)}`
    : dateAndTime(createdAt);
  return (
    <li className="row campaign-row">
      <Link href={`/campaigns/${id}`} className="campaign-open">
        <Text span fw={600} size="sm" truncate>{titleOf(campaign)}</Text>
        <Text span size="sm" c="dimmed" className="digits">
          {when} · {recipientsText(total)} · from {readable(from)}
          {retryOf !== null && " · retry"}
        </Text>
        {reason !== null && <Text span size="sm" className="campaign-reason">{reason}</Text>}
      </Link>
      <div className="campaign-progress">
        <CountsBar counts={counts} total={total} />
        <Text size="xs" c="dimmed" className="digits">
          {status === "scheduled" ? "Not started" : `${counts.delivered.toLocaleString()} delivered`}
          {counts.failed > 0 && ` · ${counts.failed.toLocaleString()} failed`}
          {status === "running" && ` · ${progressOf(campaign)} %`}
        </Text>
      </div>
      <StatusBadge status={status} />
    </li>
  );
}

function NoCampaigns({ status }: { status: CampaignStatus | undefined }) {
  if (status !== undefined) {
    return (
      <EmptyState
        icon={<Megaphone />}
        title="No campaigns with this status"
        action={<Button component={Link} href="/campaigns" variant="light">Show all campaigns</Button>}
      >
        {`None of your campaigns is “${STATUSES[status].label}”.`}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<Megaphone />}
      title="No campaigns yet"
      action={<Button component={Link} href={NEW_PATH} variant="light">Write the first one</Button>}
    >
      Upload a list, write one message with placeholders, and see what it costs before anything is sent.
    </EmptyState>
  );
}
