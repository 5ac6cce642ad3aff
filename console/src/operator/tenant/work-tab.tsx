import { Badge, Button, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Alert, DeadLetter, TenantJob, TenantView } from "../../../../client/switchboard.ts";
import { ALERT_KINDS } from "../alerts/alert-kinds.ts";
import { ActionForm, openAction } from "../actions/action-form.tsx";
import { type Detail, detailsOf, inWords } from "../details.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { Subject } from "./subject.tsx";
import { CHANGES } from "./use-tenant.ts";

/** What waits for an operator, what the tenant was told, and what jobs do. */
export function WorkTab({ view }: { view: TenantView }) {
  const { alerts, deadLetters, jobs, notices, tenant: { userId } } = view;
  return (
    <>
      <Listed title="Open alerts" none="No open alerts." items={alerts}>
        {(alert) => <OneAlert key={alert.id} alert={alert} userId={userId} />}
      </Listed>
      <Listed title="Dead letters" none="No dead letters: no job failed in every attempt." items={deadLetters}>
        {(letter) => <OneLetter key={letter.id} letter={letter} userId={userId} />}
      </Listed>
      <Listed title="Waiting jobs" none="No job waits." items={jobs}>
        {(job) => <OneJob key={`${job.lane} ${job.id}`} job={job} />}
      </Listed>
      <Listed title="Notices to the tenant" none="The tenant was told nothing." items={notices}>
        {({ id, kind, raisedAt, details }) => (
          <li key={id} className="row">
            <div className="row-main">
              <Text size="sm" fw={600}>{inWords(kind)}</Text>
              <Text size="sm" c="dimmed">{dateAndTime(raisedAt)}</Text>
              <Details details={detailsOf(details)} />
            </div>
          </li>
        )}
      </Listed>
    </>
  );
}

function Listed<Item>({ title, none, items, children }: {
  title: string;
  none: string;
  items: readonly Item[];
  children: (item: Item) => ReactNode;
}) {
  return (
    <Subject title={title}>
      {items.length === 0
        ? <Text size="sm" c="dimmed">{none}</Text>
        : <ul className="rows" aria-label={title}>{items.map(children)}</ul>}
    </Subject>
  );
}

function OneAlert({ alert, userId }: { alert: Alert; userId: string }) {
  const { kind, subject, times, raisedAt, details, acknowledgedAt, acknowledgedBecause } = alert;
  const words = ALERT_KINDS[kind];
  return (
    <li className="row">
      <div className="row-main">
        <Group gap="4px 8px">
          <Text size="sm" fw={600}>{words.title}</Text>
          {acknowledgedAt !== null && <Badge variant="light" color="gray" size="sm" radius="sm">Acknowledged</Badge>}
        </Group>
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {words.subject}: {subject} · {dateAndTime(raisedAt)}
          {times > 1 && ` · raised ${times} times`}
        </Text>
        <Text size="sm">{words.next}</Text>
        {acknowledgedBecause !== null && <Text size="sm" c="dimmed">Acknowledged: “{acknowledgedBecause}”</Text>}
        <Details details={detailsOf(details)} />
      </div>
      <Group gap="xs">
        {acknowledgedAt === null && (
          <Button
            size="xs"
            variant="default"
            onClick={() => openAcknowledgement(alert, userId)}
          >
            Acknowledge
          </Button>
        )}
        <Button size="xs" variant="default" onClick={() => openSettlement(alert, userId)}>Settle</Button>
      </Group>
    </li>
  );
}

function openAcknowledgement({ id: alertId, kind }: Alert, userId: string): void {
  openAction("Acknowledge the alert", ({ onClose }) => (
    <ActionForm
      consequence={`“${
        ALERT_KINDS[kind].title
      }” stays open and is not delivered any more. It ends by itself when its cause does, where that is known.`}
      submit="Acknowledge alert"
      act={(admin, reason, options) => admin.acknowledgeAlert({ alertId, reason }, options)}
      said={() => "The alert is acknowledged"}
      effect={async (admin) => {
        const { alerts } = await admin.tenant(userId);
        const now = alerts.find(({ id }) => id === alertId);
        return now === undefined || now.acknowledgedAt !== null ? "It is quiet now" : null;
      }}
      changes={CHANGES}
      onClose={onClose}
    />
  ));
}

function openSettlement({ id: alertId, kind }: Alert, userId: string): void {
  openAction("Settle the alert", ({ onClose }) => (
    <ActionForm
      consequence={`“${ALERT_KINDS[kind].title}” leaves the open alerts. The same cause raises a new one.`}
      submit="Settle alert"
      act={(admin, reason, options) => admin.settleAlert({ alertId, reason }, options)}
      said={() => "The alert is settled"}
      effect={async (admin) => {
        const { alerts } = await admin.tenant(userId);
        return alerts.some(({ id }) => id === alertId) ? null : "It is no longer among the open alerts";
      }}
      changes={CHANGES}
      onClose={onClose}
    />
  ));
}

function OneLetter({ letter, userId }: { letter: DeadLetter; userId: string }) {
  const { lane, job, error, buriedAt } = letter;
  const kind = kindOf(job);
  return (
    <li className="row">
      <div className="row-main">
        <Text size="sm" fw={600}>{kind}</Text>
        <Text size="sm" c="dimmed">Lane {lane} · failed {dateAndTime(buriedAt)}</Text>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>{error}</Text>
      </div>
      <Button size="xs" variant="default" onClick={() => openReplay(letter, userId)}>Replay</Button>
    </li>
  );
}

const kindOf = (job: DeadLetter["job"]) => typeof job["kind"] === "string" ? inWords(job["kind"]) : "Unknown job";

function openReplay({ id: deadLetter, job, lane }: DeadLetter, userId: string): void {
  openAction(`Replay "${kindOf(job)}"`, ({ onClose }) => (
    <ActionForm
      consequence={`The job runs again as a new one of the lane "${lane}", at once. Every job can run twice without harm.`}
      submit="Replay job"
      act={(admin, reason, options) => admin.replay({ deadLetter, reason }, options)}
      said={() => "The job is in its lane again"}
      effect={async (admin) => {
        const { deadLetters } = await admin.tenant(userId);
        return deadLetters.some(({ id }) => id === deadLetter) ? null : "It is no longer among the dead letters";
      }}
      changes={CHANGES}
      onClose={onClose}
    />
  ));
}

function OneJob({ job: { kind, lane, attempts, dueAt, error } }: { job: TenantJob }) {
  return (
    <li className="row">
      <div className="row-main">
        <Text size="sm" fw={600}>{kind === null ? "Unknown job" : inWords(kind)}</Text>
        <Text size="sm" c="dimmed">
          Lane {lane} · due {dateAndTime(dueAt)} · {attempts === 0 ? "not tried yet" : `tried ${attempts} times`}
        </Text>
        {error !== null && <Text size="sm" style={{ overflowWrap: "anywhere" }}>{error}</Text>}
      </div>
    </li>
  );
}

function Details({ details }: { details: readonly Detail[] }) {
  if (details.length === 0) return null;
  return (
    <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
      {details.map(({ label, value }) => `${label}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join(" · ")}
    </Text>
  );
}
