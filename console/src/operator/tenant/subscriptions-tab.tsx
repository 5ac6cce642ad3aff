import { Badge, Button, Group, Paper, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { CreditCard } from "lucide-react";
import { type NextInvoice, type Switchboard, SwitchboardError } from "../../../../client/switchboard.ts";
import type { TenantSubscription, TenantView } from "../../../../client/switchboard.ts";
import { ActionForm, openAction } from "../actions/action-form.tsx";
import { useBackend } from "../../platform/backend.tsx";
import { Copyable } from "../../platform/copyable.tsx";
import { longDate } from "../../platform/dates.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { Fact, Facts } from "../../platform/facts.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { money } from "../../platform/money.ts";
import { type Cancellation, CANCELLATIONS, isOver, obstacleToCancel } from "./offers.ts";
import { AtStripe } from "./overview-tab.tsx";
import { stripeLink } from "./links.ts";
import { Subject } from "./subject.tsx";
import { KIND_LABELS } from "./usage-days.ts";
import { CHANGES, keyOf } from "./use-tenant.ts";

/** What pays for a tenant, why it does not, and what the next invoice will bill. */
export function SubscriptionsTab({ view }: { view: TenantView }) {
  const { subscriptions, tenant: { userId } } = view;
  return (
    <>
      <Subject title="Subscriptions">
        {subscriptions.length === 0
          ? (
            <EmptyState icon={<CreditCard />} title="No subscription">
              They have never subscribed. Nothing that their account costs is paid for.
            </EmptyState>
          )
          : (
            <Stack gap="md">
              {subscriptions.map((subscription) => (
                <OneSubscription key={subscription.id} subscription={subscription} userId={userId} />
              ))}
            </Stack>
          )}
      </Subject>
      <Subject title="Next invoice">
        <Next userId={userId} />
      </Subject>
    </>
  );
}

const STATUS_LOOKS: Readonly<Record<TenantSubscription["status"], { color: string; meaning: string }>> = {
  active: { color: "teal", meaning: "Paid" },
  trialing: { color: "teal", meaning: "In its trial" },
  past_due: { color: "red", meaning: "The last payment failed, and Stripe tries again" },
  unpaid: { color: "red", meaning: "Stripe has stopped to try" },
  paused: { color: "orange", meaning: "Stripe does not collect" },
  incomplete: { color: "gray", meaning: "The first payment is not made yet" },
  incomplete_expired: { color: "gray", meaning: "The first payment was never made" },
  canceled: { color: "gray", meaning: "It has ended" },
};

const ORIGINS: Readonly<Record<NonNullable<TenantSubscription["origin"]>, string>> = {
  checkout: "a Payment Link, which anyone can open: a gift until it is claimed",
  metadata: "create-checkout",
  operator: "an operator",
  claim: "a claim by the tenant",
};

function OneSubscription({ subscription, userId }: { subscription: TenantSubscription; userId: string }) {
  const { id, plan, status, counts, customerId, origin, pastDueSince, cancelAt, endedAt } = subscription;
  const { config } = useBackend();
  const { color, meaning } = STATUS_LOOKS[status];
  return (
    <Paper withBorder radius="md" p="md" component="article" aria-label={`Subscription ${id}`}>
      <Group gap="xs" mb="sm">
        <Text fw={600}>{plan ?? "No plan has its price"}</Text>
        <Badge variant="light" radius="sm" color={color}>{status.replaceAll("_", " ")}</Badge>
        {counts && <Badge variant="outline" radius="sm">Counts</Badge>}
      </Group>
      <Facts>
        <Fact label="Why">
          {meaning}
          {pastDueSince !== null && `, past due since ${longDate(pastDueSince)}`}
        </Fact>
        {!counts && !isOver(subscription) && (
          <Fact label="Effect">Another subscription decides on the plan and the account's status</Fact>
        )}
        <Fact label="Period">{period(subscription)}</Fact>
        {cancelAt !== null && <Fact label="Ends">{longDate(cancelAt)}</Fact>}
        {endedAt !== null && <Fact label="Ended">{longDate(endedAt)}</Fact>}
        <Fact label="Subscription">
          <Group gap="xs">
            <Copyable value={id} label="subscription ID" />
            <AtStripe href={stripeLink(config, "subscriptions", id)} />
          </Group>
        </Fact>
        <Fact label="Customer">
          <Copyable value={customerId} label="customer ID" />
        </Fact>
        {origin !== null && <Fact label="Linked by">{ORIGINS[origin]}</Fact>}
      </Facts>
      {!isOver(subscription) && (
        <Group gap="xs" mt="md">
          {CANCELLATIONS.filter((way) => obstacleToCancel(way, subscription) === null).map((way) => (
            <Button
              key={way}
              size="xs"
              {...(WAYS[way].isDangerous ? { color: "red", variant: "light" } : { variant: "default" })}
              onClick={() => openCancellation(way, subscription, userId)}
            >
              {WAYS[way].label}
            </Button>
          ))}
        </Group>
      )}
    </Paper>
  );
}

function period({ currentPeriodStart: from, currentPeriodEnd: until }: TenantSubscription): string {
  return from === null || until === null ? "Not read from Stripe yet" : `${longDate(from)} to ${longDate(until)}`;
}

interface Way {
  label: string;
  consequence: string;
  isDangerous: boolean;
  body: { atPeriodEnd?: true; prorate?: true; undo?: true };
  said: string;
}

const WAYS: Readonly<Record<Cancellation, Way>> = {
  "now": {
    label: "Cancel now",
    consequence:
      "Stripe ends the subscription at once, and nothing is given back. The tenant is suspended, keeps the " +
      "numbers for the plan's retention and is then closed. What they used is billed by a final invoice.",
    isDangerous: true,
    body: {},
    said: "Accepted: a job cancels the subscription at Stripe",
  },
  "now-prorated": {
    label: "Cancel now and give back the rest",
    consequence:
      "Stripe ends the subscription at once, and the last invoice gives back what was paid for the rest of " +
      "the period. The tenant is suspended, and closed after the plan's retention.",
    isDangerous: true,
    body: { prorate: true },
    said: "Accepted: a job cancels the subscription at Stripe and gives back the rest",
  },
  "period-end": {
    label: "Cancel at the period's end",
    consequence:
      "The tenant keeps what they paid for. The subscription ends with its period, and can be kept until then.",
    isDangerous: false,
    body: { atPeriodEnd: true },
    said: "Accepted: a job schedules the end at Stripe",
  },
  "undo": {
    label: "Undo the cancellation",
    consequence: "The subscription does not end: Stripe renews it with the next period.",
    isDangerous: false,
    body: { undo: true },
    said: "Accepted: a job takes the scheduled end back at Stripe",
  },
};

function openCancellation(way: Cancellation, { id }: TenantSubscription, userId: string): void {
  const { label, consequence, isDangerous, body, said } = WAYS[way];
  openAction(`${label}: ${id}`, ({ onClose }) => (
    <ActionForm
      consequence={consequence}
      submit={label}
      isDangerous={isDangerous}
      act={(admin, reason, options) => admin.cancelSubscription({ subscriptionId: id, ...body, reason }, options)}
      said={({ isOver }) => isOver ? "The subscription was over before" : said}
      effect={(admin) => effectOf(way, id, userId, admin)}
      changes={CHANGES}
      onClose={onClose}
    />
  ));
}

async function effectOf(
  way: Cancellation,
  id: string,
  userId: string,
  admin: Switchboard["admin"],
): Promise<string | null> {
  const { subscriptions, tenant } = await admin.tenant(userId);
  const now = subscriptions.find((one) => one.id === id);
  if (now === undefined) return null;
  switch (way) {
    case "now":
    case "now-prorated":
      return isOver(now) ? `The subscription is over. The subaccount is to be ${tenant.wanted}` : null;
    case "period-end":
      return now.cancelAt !== null ? `The subscription ends on ${longDate(now.cancelAt)}` : null;
    case "undo":
      return now.cancelAt === null && !isOver(now) ? "The subscription continues" : null;
  }
}

function Next({ userId }: { userId: string }) {
  const { switchboard: { admin } } = useBackend();
  const { data, error, refetch } = useQuery({
    queryKey: [...keyOf(userId), "next-invoice"],
    queryFn: () =>
      admin.nextInvoice(userId).catch((error) => {
        if (error instanceof SwitchboardError && error.code === "subscription_not_found") return null;
        throw error;
      }),
    meta: { isAside: true },
  });
  if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading h={160} label="Loading the next invoice" />;
  if (data === null) {
    return <Text size="sm" c="dimmed">No subscription of their own bills their usage: it is a loss.</Text>;
  }
  return <Invoice invoice={data} />;
}

const DIFFERENCES = {
  none: "The same",
  on_its_way: "On its way",
  missing: "Missing: sent again",
  unexplained: "Unexplained: wait for the next comparison",
} as const satisfies Record<NonNullable<NextInvoice["kinds"][number]["difference"]>, string>;

/** Units are ten-thousandths of the currency. */
const UNITS = 10_000;

function Invoice({ invoice }: { invoice: NextInvoice }) {
  const { currency, periodStart, periodEnd, isTrial, kinds, stripe } = invoice;
  const units = (count: number) => money((count / UNITS).toFixed(5), currency);
  const minor = (amount: number) => money(amount / 10 ** decimalsOf(currency), currency);
  return (
    <Stack gap="md">
      <Text size="sm">
        {longDate(periodStart)} to{" "}
        {periodEnd === null ? "an end that is not read from Stripe yet" : longDate(periodEnd)}
        {isTrial && ". Usage is free in the trial"}.
      </Text>
      {kinds.length === 0
        ? <Text size="sm" c="dimmed">No usage in this period yet.</Text>
        : (
          <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
            <Table aria-label="Usage on the next invoice" fz="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Usage</Table.Th>
                  <Table.Th ta="right">Accepted</Table.Th>
                  <Table.Th ta="right">Not sent yet</Table.Th>
                  <Table.Th ta="right">Not rated yet</Table.Th>
                  <Table.Th ta="right">Stripe's preview</Table.Th>
                  <Table.Th>Difference</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody className="digits">
                {kinds.map((kind) => (
                  <Table.Tr key={kind.kind}>
                    <Table.Td>{KIND_LABELS[kind.kind]}</Table.Td>
                    <Table.Td ta="right">{units(kind.acceptedUnits)}</Table.Td>
                    <Table.Td ta="right">{units(kind.unsentUnits)}</Table.Td>
                    <Table.Td ta="right">{money(kind.estimatedAmount.toFixed(5), currency)}</Table.Td>
                    <Table.Td ta="right">{kind.stripeUnits === null ? "Unknown" : units(kind.stripeUnits)}</Table.Td>
                    <Table.Td>{kind.difference === null ? "Unknown" : DIFFERENCES[kind.difference]}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      {stripe === null
        ? <Text size="sm" c="dimmed">Stripe will make no invoice, such as after a cancellation.</Text>
        : (
          <div>
            <Text size="sm" fw={600} mb={4}>Stripe's preview: {minor(stripe.total)}, with tax</Text>
            <Facts>
              {stripe.lines.map(({ description, amount }, index) => (
                <Fact key={index} label={minor(amount)}>{description ?? "Without a description"}</Fact>
              ))}
            </Facts>
          </div>
        )}
    </Stack>
  );
}

/** Stripe's amounts are in the smallest unit of the currency. */
function decimalsOf(currency: string): number {
  return new Intl.NumberFormat("en", { style: "currency", currency: currency.toUpperCase() }).resolvedOptions()
    .maximumFractionDigits ?? 2;
}
