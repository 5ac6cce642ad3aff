import { Anchor, Paper, Text, ThemeIcon } from "@mantine/core";
import { Check } from "lucide-react";
import { Link } from "wouter";
import { useHasSent } from "../inbox/use-has-sent.ts";
import { useNumbers } from "../numbers/use-numbers.ts";
import { useSubaccount } from "../subaccount/use-subaccount.ts";

interface Step {
  title: string;
  text: string;
  isDone: boolean;
  /** The screen where the step is done, if not this one. */
  href?: string;
}

/** The steps to the first message. Hidden once all are done, and for suspended or closed subaccounts. */
export function FirstSteps() {
  const steps = useSteps();
  if (steps === undefined || steps.every(({ isDone }) => isDone)) return null;
  const next = steps.findIndex(({ isDone }) => !isDone);
  return (
    <Paper component="section" withBorder radius="lg" aria-label="First steps">
      <ol className="steps">
        {steps.map((step, index) => <StepItem key={step.title} step={step} index={index} isNext={index === next} />)}
      </ol>
    </Paper>
  );
}

function useSteps(): Step[] | undefined {
  const { data: subaccount } = useSubaccount();
  const { data: list } = useNumbers();
  const hasSent = useHasSent();
  if (subaccount === undefined || list === undefined || hasSent === undefined) return undefined;
  if (subaccount.status === "suspended" || subaccount.status === "closed") return undefined;
  return [
    { title: "Get your subaccount", text: "Subscribe, or create it below.", isDone: subaccount.provisioned },
    {
      title: "Buy a number",
      text: "Choose one in your customers' area.",
      isDone: list.source === "subaccount" && list.numbers.length > 0,
      href: "/numbers",
    },
    {
      title: "Send a message",
      text: "Then follow its delivery status.",
      isDone: hasSent,
      href: "/inbox",
    },
  ];
}

function StepItem(
  { step: { title, text, isDone, href }, index, isNext }: { step: Step; index: number; isNext: boolean },
) {
  return (
    <li className="step" aria-current={isNext ? "step" : undefined}>
      <ThemeIcon size={30} radius="xl" variant={isDone || isNext ? "filled" : "default"} aria-hidden>
        {isDone ? <Check size={17} strokeWidth={2.4} /> : <Text span fw={650} size="sm">{index + 1}</Text>}
      </ThemeIcon>
      <div>
        <Text fw={600} {...(!isDone && !isNext && { c: "dimmed" })}>
          {isNext && href !== undefined ? <Anchor component={Link} href={href} inherit>{title}</Anchor> : title}
        </Text>
        <Text size="sm" c="dimmed">{isDone ? "Done" : text}</Text>
      </div>
    </li>
  );
}
