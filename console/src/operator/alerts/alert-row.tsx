import { Anchor, Badge, Button, Checkbox, Code, Group, Stack, Text } from "@mantine/core";
import { ChevronDown, ChevronRight } from "lucide-react";
import { Link } from "wouter";
import type { Alert } from "../../../../client/switchboard.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { useUser } from "../../session/session.tsx";
import { actorInWords } from "../actions/audit-words.ts";
import { DetailsList } from "../details-list.tsx";
import { detailsOf } from "../details.ts";
import { TenantName } from "../lists/tenant-name.tsx";
import { openAlertChange } from "./alert-actions.tsx";
import { ALERT_KINDS, placeOf, stateOf } from "./alert-kinds.ts";

export interface AlertRowProps {
  alert: Alert;
  /** The addresses of tenants, as far as they are known. */
  emails: ReadonlyMap<string, string>;
  isOpen: boolean;
  onOpen: () => void;
  /** Null: nothing can be done with it. */
  isSelected: boolean | null;
  onSelect: () => void;
}

/** An alert: what it is about and since when, and below it what it means and what to do. */
export function AlertRow({ alert, emails, isOpen, onOpen, isSelected, onSelect }: AlertRowProps) {
  const { title } = ALERT_KINDS[alert.kind];
  const state = stateOf(alert);
  const name = `${title}, ${alert.subject}`;
  return (
    <li className="row operator-row">
      {isSelected !== null && <Checkbox checked={isSelected} onChange={onSelect} aria-label={`Select ${name}`} />}
      <div className="row-main">
        <Group gap="xs">
          <Text fw={600} size="sm">{title}</Text>
          {alert.times > 1 && <Badge variant="light" color="gray" tt="none">{alert.times.toLocaleString()} times
          </Badge>}
        </Group>
        <Group gap="xs">
          <Code className="operator-code">{alert.subject}</Code>
          {alert.userId !== null && <TenantName userId={alert.userId} emails={emails} />}
        </Group>
        <Text size="xs" c="dimmed">{seenInWords(alert)}</Text>
        <Handled alert={alert} />
      </div>
      <Group gap="xs">
        <Button
          size="xs"
          variant="subtle"
          aria-expanded={isOpen}
          aria-label={`Details of ${name}`}
          leftSection={isOpen ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
          onClick={onOpen}
        >
          Details
        </Button>
        {state === "open" && (
          <Button
            size="xs"
            variant="light"
            aria-label={`Acknowledge ${name}`}
            onClick={() => openAlertChange([alert], "acknowledged")}
          >
            Acknowledge
          </Button>
        )}
        {state !== "settled" && (
          <Button
            size="xs"
            variant="default"
            aria-label={`Settle ${name}`}
            onClick={() => openAlertChange([alert], "settled")}
          >
            Settle
          </Button>
        )}
      </Group>
      {isOpen && <Opened alert={alert} />}
    </li>
  );
}

function seenInWords({ times, raisedAt, lastRaisedAt }: Alert): string {
  const first = dateAndTime(raisedAt);
  return times === 1 ? `Raised ${first}` : `First raised ${first}, last ${dateAndTime(lastRaisedAt)}`;
}

/** Who acknowledged an alert and why, and when it was settled. */
function Handled({ alert: { acknowledgedAt, acknowledgedBy, acknowledgedBecause, settledAt } }: { alert: Alert }) {
  const { id: ownId } = useUser();
  return (
    <>
      {acknowledgedAt !== null && (
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          Acknowledged {dateAndTime(acknowledgedAt)} by {actorInWords(`operator:${acknowledgedBy}`, ownId)}:{" "}
          “{acknowledgedBecause}”
        </Text>
      )}
      {settledAt !== null && <Text size="xs" c="dimmed">Settled {dateAndTime(settledAt)}</Text>}
    </>
  );
}

function Opened({ alert }: { alert: Alert }) {
  const { subject, meaning, next, ends } = ALERT_KINDS[alert.kind];
  const place = placeOf(alert);
  return (
    <Stack gap="xs" className="operator-opened">
      <Text size="sm">{meaning}</Text>
      <Text size="sm">
        <b>What to do:</b> {next}{" "}
        {place !== undefined && <Anchor component={Link} href={place.path} size="sm">{place.label}</Anchor>}
      </Text>
      <Text size="sm" c="dimmed">
        {ends === null ? "Only an operator settles this alert." : `Settles itself: ${lowerFirst(ends)}.`}
      </Text>
      <DetailsList
        details={[
          { label: subject, value: alert.subject },
          ...detailsOf(alert.details),
          ...(alert.deliveredAt === null ? [] : [{ label: "Delivered to you", value: dateAndTime(alert.deliveredAt) }]),
        ]}
      />
    </Stack>
  );
}

const lowerFirst = (text: string) => text.slice(0, 1).toLowerCase() + text.slice(1);
