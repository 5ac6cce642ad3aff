import { ActionIcon, Box, Paper, Text, ThemeIcon, Tooltip, UnstyledButton } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { Check, ChevronRight, X } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useHasSent } from "../inbox/use-has-sent.ts";
import { usePlanChoice } from "../billing/use-plan-choice.ts";
import { useNumbers } from "../numbers/use-numbers.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { openSendMessage } from "../send-message/open-send-message.tsx";
import { useUser } from "../session/session.tsx";
import { useCreateSubaccount, useSubaccount } from "../subaccount/use-subaccount.ts";
import { type Step, type StepName, stepsOf } from "./first-steps.ts";
import { useAccountState } from "./use-account-state.ts";

/**
 * The steps to the first message, each of which leads to where it is done. Hidden for operators, who send none, once all are
 * done, while the subaccount cannot be used, and when the tenant has dismissed them.
 */
export function FirstSteps() {
  const { id, isOperator } = useUser();
  const [isDismissed, setDismissed] = useLocalStorage({
    key: `switchboard-first-steps-dismissed-${id}`,
    defaultValue: false,
    getInitialValueInEffect: false,
  });
  return isOperator || isDismissed ? null : <Steps onDismiss={() => setDismissed(true)} />;
}

function Steps({ onDismiss }: { onDismiss: () => void }) {
  const { data: subaccount } = useSubaccount();
  const { state } = useAccountState();
  const { data: list } = useNumbers();
  const hasSent = useHasSent();
  const choosePlan = usePlanChoice();
  const creation = useCreateSubaccount();
  if (subaccount === undefined || list === undefined || hasSent === undefined) return null;
  const steps = stepsOf({
    status: subaccount.status,
    isProvisioned: subaccount.provisioned,
    ownNumbers: list.source === "subaccount" ? list.numbers.length : 0,
    hasSent,
  });
  if (steps.length === 0) return null;
  const isPending = state?.phase === "starting" || creation.isPending;
  const ways: Readonly<Record<StepName, Way>> = {
    subaccount: {
      title: "Get your phone system",
      text: isPending ? "We are setting it up." : choosePlan ? "Choose a plan." : "It takes a few seconds.",
      to: isPending ? null : choosePlan ? () => choosePlan() : () => creation.mutate(),
    },
    number: { title: "Buy a number", text: "Choose one in your customers' area.", to: "/numbers" },
    message: { title: "Send a message", text: "Then follow its delivery status.", to: () => openSendMessage() },
  };
  return (
    <Paper component="section" withBorder radius="lg" aria-label="First steps" className="first-steps">
      <ol className="steps">
        {steps.map((step, index) => <StepItem key={step.name} step={step} place={index + 1} way={ways[step.name]} />)}
      </ol>
      {creation.error !== null && (
        <Box p="md">
          <FailureAlert error={creation.error} />
        </Box>
      )}
      <Tooltip label="Hide the first steps">
        <ActionIcon
          className="first-steps-dismiss"
          variant="subtle"
          color="gray"
          aria-label="Hide the first steps"
          onClick={onDismiss}
        >
          <X size={16} />
        </ActionIcon>
      </Tooltip>
    </Paper>
  );
}

/** Where a step is done: another screen, an action of this one, or neither while it is in progress. */
interface Way {
  title: string;
  text: string;
  to: string | (() => void) | null;
}

function StepItem(
  { step: { isDone, isNext }, place, way: { title, text, to } }: { step: Step; place: number; way: Way },
) {
  const content = (
    <>
      <ThemeIcon size={30} radius="xl" variant={isDone || isNext ? "filled" : "default"} aria-hidden>
        {isDone ? <Check size={17} strokeWidth={2.4} /> : <Text span fw={650} size="sm">{place}</Text>}
      </ThemeIcon>
      <span className="step-text">
        <Text span fw={600} display="block" {...(!isDone && !isNext && { c: "dimmed" })}>{title}</Text>
        <Text span size="sm" c="dimmed" display="block">{isDone ? "Done" : text}</Text>
      </span>
      {isNext && <ChevronRight size={18} aria-hidden className="step-arrow" />}
    </>
  );
  return (
    <li className="step" aria-current={isNext ? "step" : undefined}>
      <StepLink to={isDone ? null : to}>{content}</StepLink>
    </li>
  );
}

function StepLink({ to, children }: { to: Way["to"]; children: ReactNode }) {
  if (to === null) return <div className="step-link">{children}</div>;
  return typeof to === "string"
    ? <UnstyledButton component={Link} href={to} className="step-link">{children}</UnstyledButton>
    : <UnstyledButton className="step-link" onClick={to}>{children}</UnstyledButton>;
}
