import { Alert, Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { ArrowLeft, Ban, Pause, Play, Undo2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { readable } from "../../phone/phone-format.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { Fact, Facts } from "../../platform/facts.tsx";
import { FailureAlert } from "../../platform/failure-alert.tsx";
import { isFailure } from "../../platform/failure.ts";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { announce } from "../../platform/notify.ts";
import { Panel } from "../../platform/panel.tsx";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";
import { useUser } from "../../session/session.tsx";
import { forgetDraftOf, reopenDraft } from "../reopen-draft.ts";
import { reasonOf, recipientsText, titleOf } from "../status.ts";
import { StatusBadge } from "../status-badge.tsx";
import { type Campaign, useCampaign, useChangeCampaign } from "../use-campaigns.ts";
import { ownZone, windowText, zoneText } from "../windows.ts";
import { Results } from "./results.tsx";
import { knownForMs, type Undo, undoOf } from "./undo.ts";

/** One campaign: what it sends, how far it is, and the result of each recipient. */
export function CampaignPane({ id }: { id: string }) {
  const { data: campaign, error, refetch } = useCampaign(id);
  if (campaign === undefined && isFailure(error) && (error.status === 404 || error.code === "invalid_input")) {
    return <NoCampaign />;
  }
  return (
    <>
      <Anchor component={Link} href="/campaigns" size="sm" className="campaign-back">
        <ArrowLeft size={14} aria-hidden /> Campaigns
      </Anchor>
      <ScreenTitle
        title={campaign === undefined ? "Campaign" : titleOf(campaign)}
        aside={campaign && <StatusBadge status={campaign.status} />}
      />
      <Settled>
        {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
        {campaign !== undefined && <Shown campaign={campaign} />}
      </Settled>
    </>
  );
}

function NoCampaign() {
  return (
    <>
      <ScreenTitle title="Campaign" />
      <EmptyState
        icon={<Ban />}
        title="No such campaign"
        action={<Button component={Link} href="/campaigns" variant="light">All campaigns</Button>}
      >
        None of your campaigns has this address.
      </EmptyState>
    </>
  );
}

function Shown({ campaign }: { campaign: Campaign }) {
  const change = useChangeCampaign(campaign.id);
  const undo = useUndo(campaign);
  const { id: userId } = useUser();
  const isFinal = undo.kind === "over";
  useEffect(() => {
    if (isFinal) void forgetDraftOf(userId, campaign.id);
  }, [isFinal, userId, campaign.id]);
  return (
    <Stack gap="lg">
      <Standing campaign={campaign} undo={undo} change={change} />
      {change.error !== null && <FailureAlert error={change.error} />}
      <Results campaign={campaign} />
      <Details campaign={campaign} />
    </Stack>
  );
}

const TICK_MS = 250;

/** What can be undone now, counted down. */
function useUndo(campaign: Campaign): Undo {
  const firstSeen = useRef(Date.now());
  const [now, setNow] = useState(firstSeen.current);
  const undo = undoOf(campaign, knownForMs(campaign.createdAt, firstSeen.current, now));
  const isOpen = undo.kind === "open";
  useEffect(() => {
    if (!isOpen) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isOpen]);
  return undo;
}

interface StandingProps {
  campaign: Campaign;
  undo: Undo;
  change: ReturnType<typeof useChangeCampaign>;
}

/** What the campaign is doing, and what can be done about it. */
function Standing({ campaign, undo, change }: StandingProps) {
  const { status, scheduledAt } = campaign;
  const reason = reasonOf(campaign);
  const isBusy = change.isPending;
  switch (undo.kind) {
    case "open":
    case "starting":
      return <UndoBar campaign={campaign} undo={undo} change={change} />;
    case "undone":
      return <Undone campaign={campaign} />;
    case "over":
      break;
  }
  return (
    <Stack gap="sm">
      {status === "scheduled" && scheduledAt !== null && (
        <Alert color="blue" variant="light">
          Starts on {dateAndTime(scheduledAt)} ({zoneText(ownZone())}). Until then nothing is sent.
        </Alert>
      )}
      {reason !== null && <Alert color={status === "paused" ? "red" : "yellow"} variant="light">{reason}.</Alert>}
      {status === "paused" && reason === null && (
        <Alert color="yellow" variant="light">You have paused it. Messages that Twilio has are still delivered.</Alert>
      )}
      {(status === "scheduled" || status === "running" || status === "paused") && (
        <Group gap="sm">
          {status === "paused"
            ? (
              <Button leftSection={<Play size={16} />} loading={isBusy} onClick={() => change.mutate("resume")}>
                Resume
              </Button>
            )
            : (
              <Button
                variant="default"
                leftSection={<Pause size={16} />}
                loading={isBusy}
                onClick={() => change.mutate("pause")}
              >
                Pause
              </Button>
            )}
          <Button
            variant="subtle"
            color="red"
            leftSection={<Ban size={16} />}
            disabled={isBusy}
            onClick={() => confirmCancel(campaign, () => change.mutate("cancel"))}
          >
            Cancel
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function confirmCancel({ counts, status }: Campaign, onConfirm: () => void): void {
  modals.openConfirmModal({
    title: "Cancel this campaign?",
    children: (
      <Text size="sm">
        {recipientsText(counts.waiting)}{" "}
        {status === "scheduled" ? "" : "who still wait "}get no message. This cannot be undone.
      </Text>
    ),
    labels: { confirm: "Cancel the campaign", cancel: "Keep it" },
    confirmProps: { color: "red" },
    onConfirm,
  });
}

/** The time in which nothing is sent yet. The server keeps it, whether this page is open or not. */
function UndoBar({ campaign, undo, change }: StandingProps) {
  const { id: userId } = useUser();
  const [, navigate] = useLocation();
  function takeBack() {
    change.mutate("cancel", {
      onSuccess: async ({ startedAt }) => {
        if (startedAt !== null) return;
        const isReopened = await reopenDraft(userId, campaign.id);
        announce({ title: "Undone: nothing was sent", message: isReopened ? "You can go on editing" : undefined });
        if (isReopened) navigate("/campaigns/new?step=review", { replace: true });
      },
    });
  }
  return (
    <Alert color="exchange" variant="light" role="status">
      <Group justify="space-between" gap="sm">
        <div>
          <Text size="sm" fw={600}>
            {undo.kind === "open"
              ? (
                <>
                  {/* Not announced at every second. */}
                  Sending to {recipientsText(campaign.total)} begins{" "}
                  <span aria-hidden className="digits">in {undo.seconds} s</span>
                </>
              )
              : `Sending to ${recipientsText(campaign.total)} is about to begin`}
          </Text>
          <Text size="sm">Nothing is sent yet.</Text>
        </div>
        <Button
          variant="white"
          leftSection={<Undo2 size={16} />}
          loading={change.isPending}
          onClick={takeBack}
        >
          Undo
        </Button>
      </Group>
    </Alert>
  );
}

function Undone({ campaign }: { campaign: Campaign }) {
  return (
    <Alert color="gray" variant="light">
      This campaign was undone before anything was sent: {recipientsText(campaign.total)} got no message.
    </Alert>
  );
}

function Details({ campaign }: { campaign: Campaign }) {
  const { body, from, mediaUrls, scheduledAt, sendWindow, startedAt, finishedAt, createdAt, total, retryOf } = campaign;
  return (
    <Panel title="Details">
      <Stack gap="md">
        {body !== null && <div className="campaign-bubble">{body}</div>}
        {body === null && mediaUrls.length === 0 && (
          <Text size="sm" c="dimmed">The text was deleted, as your settings for keeping texts say.</Text>
        )}
        <Facts>
          <Fact label="From">{readable(from)}</Fact>
          <Fact label="Recipients">{total.toLocaleString()}</Fact>
          {mediaUrls.length > 0 && <Fact label="Pictures">{mediaUrls.length}</Fact>}
          <Fact label="Created">{dateAndTime(createdAt)}</Fact>
          {scheduledAt !== null && <Fact label="Planned for">{dateAndTime(scheduledAt)}</Fact>}
          {startedAt !== null && <Fact label="Started">{dateAndTime(startedAt)}</Fact>}
          {finishedAt !== null && <Fact label="Ended">{dateAndTime(finishedAt)}</Fact>}
          {sendWindow !== null && <Fact label="Hours">{windowText(sendWindow)}</Fact>}
          {retryOf !== null && (
            <Fact label="Retry of">
              <Anchor component={Link} href={`/campaigns/${retryOf}`} size="sm">an earlier campaign</Anchor>
            </Fact>
          )}
        </Facts>
      </Stack>
    </Panel>
  );
}
