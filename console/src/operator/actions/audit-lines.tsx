import { Code, Stack, Text } from "@mantine/core";
import type { AuditLine } from "../../../../client/switchboard.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { useUser } from "../../session/session.tsx";
import { actorInWords, factsOf, reasonOf } from "./audit-words.ts";

/** What a line needs to be shown: a tenant's timeline has no user of its own in it. */
export type ShownLine = Omit<AuditLine, "userId">;

/** Lines of the audit log, each with its time, its actor, the action and why. */
export function AuditLines({ lines }: { lines: readonly ShownLine[] }) {
  return (
    <Stack component="ol" gap="sm" className="audit-lines">
      {lines.map((line) => <Line key={line.id} line={line} />)}
    </Stack>
  );
}

function Line({ line }: { line: ShownLine }) {
  const { id: ownId } = useUser();
  const reason = reasonOf(line);
  const facts = factsOf(line);
  return (
    <li>
      <Text size="sm">
        <Code>{line.action}</Code> by {actorInWords(line.actor, ownId)}
        <Text span c="dimmed" inherit>, {dateAndTime(line.at)}</Text>
      </Text>
      {reason !== null && <Text size="sm" style={{ overflowWrap: "anywhere" }}>“{reason}”</Text>}
      {facts.length > 0 && (
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {facts.map(([name, value]) => `${name}: ${value}`).join(" · ")}
        </Text>
      )}
    </li>
  );
}
