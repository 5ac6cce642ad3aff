import { Alert, Anchor, Button, Group, Stack, Stepper, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { ArrowLeft, ArrowRight, Hash, Trash2 } from "lucide-react";
import { Suspense, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { countryOf } from "../../phone/phone-format.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { part } from "../../platform/part.tsx";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";
import { type Obstacle, useSenders } from "../../send-message/use-senders.ts";
import { firstOpenStep, isWorthKeeping, problemOf, type ReadyDraft, type Step, STEPS } from "./draft.ts";
import { recipientsOf } from "./recipients.ts";
import type { StepProps } from "./step-props.ts";
import { columnsOf, dataRowsOf } from "./table.ts";
import { type CampaignDrafting, useCampaignDraft } from "./use-campaign-draft.ts";

const RecipientsStep = part(() => import("./recipients-step.tsx").then(({ RecipientsStep }) => RecipientsStep));
const MessageStep = part(() => import("./message-step.tsx").then(({ MessageStep }) => MessageStep));
const ScheduleStep = part(() => import("./schedule-step.tsx").then(({ ScheduleStep }) => ScheduleStep));
const ReviewStep = part(() => import("./review-step.tsx").then(({ ReviewStep }) => ReviewStep));

const LABELS: Readonly<Record<Step, string>> = {
  recipients: "Recipients",
  message: "Message",
  schedule: "Schedule",
  review: "Review",
};

/** The steps to a new campaign. What is entered stays in this browser until it is sent, discarded, or the user signs out. */
export function NewCampaignPane() {
  const drafting = useCampaignDraft();
  const { senders, error, refetch } = useSenders();
  const discard = drafting !== undefined && isWorthKeeping(drafting.draft) && !drafting.draft.isUnanswered && (
    <Button
      variant="subtle"
      color="red"
      leftSection={<Trash2 size={16} />}
      onClick={() => confirmDiscard(drafting)}
    >
      Discard
    </Button>
  );
  return (
    <>
      <ScreenTitle
        title="New campaign"
        description="Nothing is sent before you have seen who gets what, and what it costs."
        aside={discard}
      />
      <Settled>
        {error !== null && <LoadFailure error={error} onRetry={refetch} />}
        {senders === undefined || drafting === undefined
          ? error === null && <Loading h={320} radius="lg" label="Loading" />
          : senders.obstacle !== null || senders.notice !== null
          ? <NoSender obstacle={senders.obstacle} />
          : <Steps drafting={drafting} senders={senders} />}
      </Settled>
    </>
  );
}

function confirmDiscard({ discard }: CampaignDrafting): void {
  modals.openConfirmModal({
    title: "Discard this campaign?",
    children: <Text size="sm">The list and the message are removed from this browser.</Text>,
    labels: { confirm: "Discard", cancel: "Keep it" },
    confirmProps: { color: "red" },
    onConfirm: discard,
  });
}

function Steps({ drafting, senders }: Pick<StepProps, "drafting" | "senders">) {
  const { draft, table } = drafting;
  const columns = useMemo(() => columnsOf(table, draft.hasHeading), [table, draft.hasHeading]);
  const recipients = useMemo(
    () =>
      draft.numberColumn === null
        ? []
        : recipientsOf(dataRowsOf(table, draft.hasHeading), columns, draft.numberColumn, draft.blanks),
    [table, columns, draft.hasHeading, draft.numberColumn, draft.blanks],
  );
  const ready: ReadyDraft = { draft, columns, recipients };
  const [step, go] = useStep(ready);
  const [shown, setShown] = useState<Step | null>(null);
  const problem = problemOf(step, ready);
  const heading = useFocusOnStep(step);
  const own = draft.from ?? senders.numbers[0]!.phoneNumber;
  const props: StepProps = {
    ...ready,
    drafting,
    senders,
    country: draft.country ?? countryOf(own) ?? undefined,
  };
  const index = STEPS.indexOf(step);
  const furthest = STEPS.indexOf(firstOpenStep(ready));

  function next() {
    if (problem !== null) return setShown(step);
    setShown(null);
    go(STEPS[index + 1]!);
  }

  return (
    <Stack gap="lg">
      <Stepper
        active={index}
        onStepClick={(clicked) => go(STEPS[clicked]!)}
        size="sm"
        className="campaign-steps"
        aria-label="Steps"
      >
        {STEPS.map((name, at) => (
          <Stepper.Step
            key={name}
            label={LABELS[name]}
            allowStepSelect={at <= furthest && at !== index && !draft.isUnanswered}
            aria-current={at === index ? "step" : undefined}
          />
        ))}
      </Stepper>
      <Text component="h2" fw={650} fz="h4" m={0} ref={heading} tabIndex={-1}>
        <Text span inherit c="dimmed" hiddenFrom="sm">{`Step ${index + 1} of ${STEPS.length}: `}</Text>
        {LABELS[step]}
      </Text>
      {!drafting.isStored && (
        <Alert color="yellow" variant="light">
          This browser does not keep what you enter: a reload loses it.
        </Alert>
      )}
      <Suspense fallback={<Loading h={320} radius="lg" label="Loading the step" />}>
        {step === "recipients" && <RecipientsStep {...props} />}
        {step === "message" && <MessageStep {...props} />}
        {step === "schedule" && <ScheduleStep {...props} />}
        {step === "review" && <ReviewStep {...props} />}
      </Suspense>
      {step !== "review" && shown === step && problem !== null && (
        <Text role="alert" size="sm" c="var(--bad)">{problem}</Text>
      )}
      <Group justify="space-between">
        {index === 0
          ? (
            <Button component={Link} href="/campaigns" variant="default" leftSection={<ArrowLeft size={16} />}>
              Campaigns
            </Button>
          )
          : (
            <Button
              variant="default"
              leftSection={<ArrowLeft size={16} />}
              disabled={draft.isUnanswered}
              onClick={() => go(STEPS[index - 1]!)}
            >
              Back
            </Button>
          )}
        {step !== "review" && <Button rightSection={<ArrowRight size={16} />} onClick={next}>Continue</Button>}
      </Group>
    </Stack>
  );
}

/** The open step, which the address names: never one before which something is missing. */
function useStep(ready: ReadyDraft): [Step, (step: Step) => void] {
  const [, navigate] = useLocation();
  const wanted = new URLSearchParams(useSearch()).get("step");
  const furthest = firstOpenStep(ready);
  // Where the outcome is not known, the same request finds out.
  const named = ready.draft.isUnanswered ? "review" : STEPS.find((step) => step === wanted) ?? "recipients";
  const step = STEPS.indexOf(named) > STEPS.indexOf(furthest) && !ready.draft.isUnanswered ? furthest : named;
  return [step, (next) => navigate(`/campaigns/new?step=${next}`)];
}

/** Moves the focus to the heading of a step that was just opened. */
function useFocusOnStep(step: Step) {
  const heading = useRef<HTMLParagraphElement>(null);
  const before = useRef(step);
  useEffect(() => {
    if (before.current === step) return;
    before.current = step;
    heading.current?.focus();
  }, [step]);
  return heading;
}

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  "no-number": "Campaigns are sent from a number of your own.",
  "no-sms": "None of your numbers can send text messages.",
  pending: "Your subaccount is being set up. You can send once that is done.",
  suspended: "Your subaccount is suspended: nothing can be sent.",
  closed: "Your subaccount is closed: you can no longer send messages.",
};

function NoSender({ obstacle }: { obstacle: Obstacle | null }) {
  const isAboutNumbers = obstacle === null || obstacle === "no-number" || obstacle === "no-sms";
  return (
    <EmptyState
      icon={<Hash />}
      title="You cannot send campaigns yet"
      action={isAboutNumbers
        ? <Button component={Link} href="/numbers" variant="light">Find a number</Button>
        : <Anchor component={Link} href="/">View your account</Anchor>}
    >
      {OBSTACLES[obstacle ?? "no-number"]}
    </EmptyState>
  );
}
