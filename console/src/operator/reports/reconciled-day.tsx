import { Alert, Badge, Button, Code, Group, Text } from "@mantine/core";
import { ChevronDown, ChevronRight, TriangleAlert } from "lucide-react";
import type { Reconciliation } from "../../../../client/switchboard.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { money } from "../../platform/money.ts";
import { TenantName } from "../lists/tenant-name.tsx";
import { breakdownOf, CLASS_WORDS, mustBeExplained } from "./breakdown.ts";
import { Evidence } from "./evidence.tsx";

export interface ReconciledDayProps {
  day: Reconciliation;
  /** The addresses of tenants, as far as they are known. */
  emails: ReadonlyMap<string, string>;
  isOpen: boolean;
  onOpen: () => void;
}

/** A compared day: the two totals, and how their difference comes about. */
export function ReconciledDay({ day, emails, isOpen, onOpen }: ReconciledDayProps) {
  const { accountSid, userId, currency, usageTotal, ledgerTotal, reconciledAt } = day;
  const name = `${day.day}, ${accountSid}`;
  return (
    <li className="row operator-row">
      <div className="row-main">
        <Group gap="xs">
          <Text fw={600} size="sm" className="digits">{day.day}</Text>
          <States day={day} />
          {userId === null ? <Text size="sm">Main account</Text> : <TenantName userId={userId} emails={emails} />}
        </Group>
        <Code className="operator-code">{accountSid}</Code>
        <Text size="xs" c="dimmed">Compared {dateAndTime(reconciledAt)}</Text>
      </div>
      <Button
        size="xs"
        variant="subtle"
        aria-expanded={isOpen}
        aria-label={`Evidence of ${name}`}
        leftSection={isOpen ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
        onClick={onOpen}
      >
        Evidence
      </Button>
      <div className="operator-table" role="region" aria-label={`Difference of ${name}`} tabIndex={0}>
        <Classes day={day} />
      </div>
      {isOpen && (
        <div className="operator-opened">
          <Text size="xs" c="dimmed" mb="xs">
            {money(usageTotal, currency)} at Twilio, {money(ledgerTotal, currency)} in the ledger, by kind:
          </Text>
          <Evidence day={day} />
        </div>
      )}
    </li>
  );
}

function States({ day }: { day: Reconciliation }) {
  const must = mustBeExplained(day);
  return (
    <>
      {must === "yes" && <Badge color="red" variant="light" tt="none">To be explained</Badge>}
      {must === "unless_gone" && (
        <Badge color="yellow" variant="light" tt="none">To be explained unless Twilio closed the account</Badge>
      )}
      {!day.isClosed && <Badge color="blue" variant="light" tt="none">May still change</Badge>}
      {day.isShifted && <Badge color="gray" variant="light" tt="none">Counted a day before or after</Badge>}
    </>
  );
}

/** The two totals, and the classes whose sum is their difference. */
function Classes({ day }: { day: Reconciliation }) {
  const { currency, usageTotal, ledgerTotal } = day;
  const { difference, shares, addsUp } = breakdownOf(day);
  return (
    <>
      <table>
        <tbody>
          <tr>
            <th scope="row">Twilio's usage</th>
            <td className="amount">{money(usageTotal, currency)}</td>
          </tr>
          <tr>
            <th scope="row">Less the ledger</th>
            <td className="amount">{money(-ledgerTotal, currency)}</td>
          </tr>
          <tr>
            <th scope="row">
              <b>Difference</b>
            </th>
            <td className="amount">
              <b>{money(difference, currency)}</b>
            </td>
          </tr>
          {shares.map(({ name, amount }) => (
            <tr key={name}>
              <th scope="row">
                <Text size="sm" {...(!CLASS_WORDS[name].isExplained && { c: "var(--bad)" })}>
                  {CLASS_WORDS[name].label}
                </Text>
                <Text size="xs" c="dimmed" fw={400}>{CLASS_WORDS[name].meaning}</Text>
              </th>
              <td className="amount">{money(amount, currency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {!addsUp && (
        <Alert color="red" variant="light" icon={<TriangleAlert />} mt="xs">
          These classes do not add up to the difference. Reload the page.
        </Alert>
      )}
    </>
  );
}
