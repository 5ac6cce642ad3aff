import { Text } from "@mantine/core";
import { SwitchboardError } from "../../../../client/switchboard.ts";
import { FailureAlert } from "../../platform/failure-alert.tsx";
import { wordingOf } from "../../platform/wording.ts";

/** Codes of calls that may have been carried out although there was no answer. */
const UNKNOWN_OUTCOMES: ReadonlySet<string> = new Set(["unreachable", "timed_out", "aborted"]);

/** A failed action of an operator, with what the function itself said: operators may read it, and tenants do not. */
export function ActionFailure({ error }: { error: unknown }) {
  const told = error instanceof SwitchboardError && error.status >= 400 ? error.message : null;
  const { message, code } = wordingOf(error);
  const isUnknown = UNKNOWN_OUTCOMES.has(code);
  if (!isUnknown && (told === null || told === message)) return <FailureAlert error={error} />;
  return (
    <FailureAlert error={error}>
      <Text size="sm" style={{ flexBasis: "100%", overflowWrap: "anywhere" }}>
        {isUnknown ? "The action may have been carried out: the timeline shows it. It is safe to try again." : told}
      </Text>
    </FailureAlert>
  );
}
