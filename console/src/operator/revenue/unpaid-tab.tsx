import { Anchor, Badge, Group, Paper, SimpleGrid, Stack, Text } from "@mantine/core";
import { CircleCheck } from "lucide-react";
import { Link } from "wouter";
import type { UnpaidAccountList } from "../../../../client/switchboard.ts";
import { readable } from "../../phone/phone-format.ts";
import { useBackend } from "../../platform/backend.tsx";
import { longDate } from "../../platform/dates.ts";
import { csvOf } from "../../platform/download.ts";
import { durationInWords } from "../../platform/durations.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { money } from "../../platform/money.ts";
import { FileButton } from "../lists/csv-button.tsx";
import { Paged } from "../lists/pages.tsx";
import { TenantName } from "../lists/tenant-name.tsx";
import { useEmails } from "../lists/use-emails.ts";
import { Figure } from "./figure.tsx";
import { costInWords, totalCost, UNPAID_COLUMNS, unpaidLines } from "./unpaid.ts";
import { everyUnpaidAccount, useUnpaidAccounts, useUnpaidTotal } from "./use-revenue.ts";
import { UNPAID_REASONS } from "./words.ts";

type Account = UnpaidAccountList["accounts"][number];

/** What accounts cost every month that no subscription pays for. */
export function UnpaidTab() {
  const { switchboard: { admin } } = useBackend();
  const pages = useUnpaidAccounts();
  return (
    <Stack gap="lg">
      <Total />
      <Group justify="space-between" align="end" gap="sm">
        <Text size="sm" c="dimmed" maw={640}>
          What Twilio charges each month for accounts that no subscription pays for. Open a tenant to suspend or close
          the account: closing releases its numbers.
        </Text>
        <FileButton
          name="unpaid-accounts"
          parts={async function* () {
            yield csvOf(UNPAID_COLUMNS, unpaidLines(await everyUnpaidAccount(admin)));
          }}
        />
      </Group>
      <Paged
        noun="accounts"
        pages={pages}
        itemsOf={({ accounts }) => accounts}
        empty={
          <EmptyState icon={<CircleCheck />} title="Every account is paid for">
            No account costs anything without a subscription that pays for it.
          </EmptyState>
        }
      >
        {(accounts) => <Accounts accounts={accounts} />}
      </Paged>
    </Stack>
  );
}

function Total() {
  const { data, error, refetch } = useUnpaidTotal();
  if (data === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={80} label="Loading the total" />;
  }
  const { totals, countedAt, ageSeconds } = data;
  const counted = countedAt === null || ageSeconds === null
    ? "Not counted yet: a job counts every 15 minutes"
    : `Counted ${durationInWords(ageSeconds)} ago, and the list below now`;
  return (
    <Paper withBorder radius="lg" p="lg">
      <SimpleGrid cols={{ base: 1, sm: Math.max(1, totals.length) }} spacing="md">
        {totals.map(({ currency, accounts, numbers, unpriced, monthlyCost }) => (
          <Figure
            key={currency}
            label="Every month"
            value={currency === null ? monthlyCost : money(monthlyCost, currency)}
            note={`${costInWords({ accounts, numbers, unpriced })}. ${counted}`}
          />
        ))}
        {totals.length === 0 && <Figure label="Every month" value="Nothing" note={counted} />}
      </SimpleGrid>
    </Paper>
  );
}

function Accounts({ accounts }: { accounts: readonly Account[] }) {
  const emails = useEmails(accounts.map(({ userId }) => userId));
  return (
    <Paper component="ul" withBorder radius="lg" px="md" className="rows" aria-label="Accounts without a paying tenant">
      {accounts.map((account) => (
        <li key={account.userId} className="row" style={{ alignItems: "flex-start" }}>
          <AccountCost account={account} emails={emails} />
        </li>
      ))}
    </Paper>
  );
}

function AccountCost({ account: { userId, reason, status, costs, numbers }, emails }: {
  account: Account;
  emails: ReadonlyMap<string, string>;
}) {
  const { label, meaning, next } = UNPAID_REASONS[reason];
  return (
    <>
      <Stack gap={4} className="row-main">
        <Group gap="xs">
          <TenantName userId={userId} emails={emails} />
          <Badge color="orange" variant="light" tt="none">{label}</Badge>
          {status !== null && status !== "active" && <Badge color="gray" variant="light" tt="none">{status}</Badge>}
        </Group>
        <Text size="sm" c="dimmed">{meaning} {next}</Text>
        {numbers.map(({ phoneNumber, place, state, reason, leavesAt, monthlyCost, currency }) => (
          <Text key={phoneNumber} size="sm" style={{ overflowWrap: "anywhere" }}>
            <span className="digits">{readable(phoneNumber)}</span>
            <Text span c="dimmed" inherit>
              {" · "}
              {[
                place === "master" ? "parked" : state.replaceAll("_", " "),
                monthlyCost === null
                  ? "price not known"
                  : `${currency === null ? monthlyCost : money(monthlyCost, currency)} a month`,
                leavesAt !== null && `leaves on ${longDate(leavesAt)}`,
                reason,
              ].filter(Boolean).join(" · ")}
            </Text>
          </Text>
        ))}
      </Stack>
      <Stack gap={2} align="flex-start">
        {costs.map((cost) => (
          <div key={cost.currency}>
            <Text fw={600} className="digits">
              {cost.currency === null ? totalCost(cost) : money(totalCost(cost), cost.currency)}{" "}
              <Text span size="sm" c="dimmed" fw={400}>a month</Text>
            </Text>
            {cost.unpriced > 0 && (
              <Text size="xs" c="dimmed">
                without {cost.unpriced.toLocaleString()} of {cost.numbers.toLocaleString()} numbers
              </Text>
            )}
          </div>
        ))}
        <Anchor component={Link} href={`/operator/tenants/${userId}`} size="sm">Open tenant</Anchor>
      </Stack>
    </>
  );
}
