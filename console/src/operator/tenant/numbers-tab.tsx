import { Badge, Button, Group, Text } from "@mantine/core";
import { Hash, Star } from "lucide-react";
import type { TenantNumber, TenantView } from "../../../../client/switchboard.ts";
import { Copyable } from "../../platform/copyable.tsx";
import { longDate } from "../../platform/dates.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { money } from "../../platform/money.ts";
import { readable } from "../../phone/phone-format.ts";
import { openMove, openOffer, openSendRate } from "./number-forms.tsx";
import { Subject } from "./subject.tsx";

/** The numbers of a tenant, what they cost without being paid for, and the actions on numbers. */
export function NumbersTab({ view }: { view: TenantView }) {
  const { numbers, unpaid } = view;
  const parked = (unpaid?.numbers ?? []).filter(({ phoneNumber }) =>
    numbers.every((number) => number.phoneNumber !== phoneNumber)
  );
  return (
    <>
      <Subject
        title="Numbers"
        aside={<Button size="xs" variant="default" onClick={() => openMove(view, null)}>Move a number here</Button>}
      >
        {numbers.length === 0
          ? <EmptyState icon={<Hash />} title="No numbers">They have bought none, or released all of them.</EmptyState>
          : (
            <ul className="rows" aria-label="Numbers of the tenant">
              {numbers.map((number) => <NumberOf key={number.id} number={number} view={view} />)}
            </ul>
          )}
      </Subject>
      {parked.length > 0 && (
        <Subject title="Parked numbers">
          <ul className="rows" aria-label="Parked numbers">
            {parked.map((number) => (
              <li key={number.phoneNumber} className="row">
                <div className="row-main">
                  <Text fw={600} className="digits">{readable(number.phoneNumber)}</Text>
                  <Text size="sm" c="dimmed">
                    In the main account until the tenant pays again. <Cost number={number} />
                  </Text>
                </div>
              </li>
            ))}
          </ul>
        </Subject>
      )}
      <Subject
        title="Shared numbers"
        aside={
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => openOffer(true)}>Offer a number</Button>
            <Button size="xs" variant="default" onClick={() => openOffer(false)}>No longer offer</Button>
          </Group>
        }
      >
        <Text size="sm" c="dimmed">
          Numbers of the main account that tenants without a subaccount may send from. A number is offered to all of
          them.
        </Text>
      </Subject>
    </>
  );
}

function NumberOf({ number, view }: { number: TenantNumber; view: TenantView }) {
  const { phoneNumber, friendlyName, isPrimary, status, sid, messagesPerSecond, purchasedAt } = number;
  const cost = view.unpaid?.numbers.find((one) => one.phoneNumber === phoneNumber);
  const isNamed = friendlyName !== null &&
    friendlyName.replaceAll(/\D/g, "") !== phoneNumber.replaceAll(/\D/g, "").slice(-10);
  return (
    <li className="row">
      <div className="row-main">
        <Group gap="4px 8px">
          <Text fw={600} className="digits">{readable(phoneNumber)}</Text>
          {isPrimary && (
            <Badge variant="light" size="sm" radius="sm" leftSection={<Star size={10} fill="currentColor" />}>
              Primary
            </Badge>
          )}
          {status !== "active" && <Badge variant="light" color="orange" size="sm" radius="sm">{status}</Badge>}
        </Group>
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {isNamed && `${friendlyName} · `}
          {messagesPerSecond} {messagesPerSecond === 1 ? "message" : "messages"} a second
          {purchasedAt !== null && ` · bought ${longDate(purchasedAt)}`}
        </Text>
        {cost !== undefined && (
          <Text size="sm" c="var(--uncertain)">
            <Cost number={cost} />
          </Text>
        )}
      </div>
      {sid !== null && (
        <div className="row-sid">
          <Copyable value={sid} label={`SID of ${readable(phoneNumber)}`} />
        </div>
      )}
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={() => openSendRate(view, number)}>Set send rate</Button>
        <Button size="xs" variant="default" onClick={() => openMove(view, number)}>Move away</Button>
      </Group>
    </li>
  );
}

type NumberAtCost = NonNullable<TenantView["unpaid"]>["numbers"][number];

/** What a number costs that nobody pays for, when it leaves, and why it cannot. */
function Cost({ number: { monthlyCost, currency, leavesAt, reason } }: { number: NumberAtCost }) {
  const cost = monthlyCost === null
    ? "Costs an unknown amount a month."
    : `Costs ${currency === null ? monthlyCost : money(monthlyCost, currency)} a month that no subscription pays.`;
  return (
    <>
      {cost}
      {leavesAt !== null && ` Leaves on ${longDate(leavesAt)}.`}
      {reason !== null && ` Twilio: “${reason}”`}
    </>
  );
}
