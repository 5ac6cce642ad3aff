import { TextInput } from "@mantine/core";
import { useState } from "react";
import type { BoundedCount, DeadLetter, SwitchboardAdmin } from "../../../../client/switchboard.ts";
import { ActionForm, openAction } from "../actions/action-form.tsx";
import { ALERTS_KEY } from "../alerts/use-alerts.ts";
import { inWords } from "../details.ts";
import { HEALTH_KEY } from "../health/use-health.ts";
import { counted, LANES, numbered } from "../health/words.ts";
import { jobKindOf } from "./job.ts";
import { DEAD_LETTERS_KEY } from "./use-dead-letters.ts";

const CHANGES = [DEAD_LETTERS_KEY, HEALTH_KEY, ALERTS_KEY];
const HARMLESS =
  "Replaying is harmless, because every job can run twice. End the cause of the error first: a job that fails " +
  "in every attempt again is back here after two to five hours.";

/** Asks for the reason, and puts one dead letter back into its lane. */
export function openReplay(letter: DeadLetter): void {
  const { label } = LANES[letter.lane];
  openAction("Replay a dead letter", ({ onClose }) => (
    <ActionForm
      consequence={`“${inWords(jobKindOf(letter))}” becomes a new job of the lane ${label}. ${HARMLESS}`}
      submit="Replay"
      act={(admin, reason, options) => admin.replay({ deadLetter: letter.id, reason }, options)}
      said={() => `The job is in the lane ${label} again`}
      effect={gone([letter.id])}
      changes={CHANGES}
      onClose={onClose}
    />
  ));
}

/** The same for several dead letters, in one call with one audit line. */
export function openReplayOf(letters: readonly DeadLetter[]): void {
  const ids = letters.map(({ id }) => id);
  const [only] = letters;
  if (only === undefined) return;
  if (letters.length === 1) return openReplay(only);
  openAction(`Replay ${numbered(ids.length, "dead letter")}`, ({ onClose }) => (
    <ActionForm
      consequence={`The ${ids.length} selected jobs go back into their lanes. ${HARMLESS}`}
      submit={`Replay ${ids.length}`}
      act={(admin, reason, options) => admin.replay({ deadLetters: ids, reason }, options)}
      said={({ replayed }) => replayedInWords(replayed, ids.length)}
      effect={gone(ids)}
      changes={CHANGES}
      onClose={onClose}
    />
  ));
}

/** The same for all dead letters, also for those that the list has not loaded. */
export function openReplayAll(count: BoundedCount): void {
  openAction("Replay all dead letters", ({ onClose }) => (
    <ActionForm
      consequence={`All dead letters, ${counted(count)} now, go back into their lanes. ${HARMLESS}`}
      submit="Replay all"
      act={(admin, reason, options) => admin.replay({ deadLetters: "all", reason }, options)}
      said={({ replayed }) => `${numbered(replayed, "job is", "jobs are")} in their lanes again`}
      changes={CHANGES}
      onClose={onClose}
    />
  ));
}

/** `3 of 5 jobs are in their lanes again`: another operator may have replayed the others. */
function replayedInWords(replayed: number, wanted: number): string {
  if (replayed === wanted) return `${numbered(replayed, "job is", "jobs are")} in their lanes again`;
  return `${replayed} of ${wanted} jobs are in their lanes again. The others were replayed before`;
}

/** Says when none of these is listed any more. */
const gone = (ids: readonly number[]) => async (admin: SwitchboardAdmin): Promise<string | null> => {
  const { deadLetters } = await admin.listDeadLetters({ before: Math.max(...ids) + 1, limit: 200 });
  if (deadLetters.some(({ id }) => ids.includes(id))) return null;
  return ids.length === 1 ? "It is no longer among the dead letters" : "They are no longer among the dead letters";
};

/** Asks for a Stripe event and the reason, and processes the event again. */
export function openEventReplay(): void {
  openAction("Replay a Stripe event", ({ onClose }) => <EventForm onClose={onClose} />);
}

const EVENT = /^evt_\w+$/;

function EventForm({ onClose }: { onClose: () => void }) {
  const [eventId, setEventId] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  return (
    <ActionForm
      consequence="The stored event is processed again, with the state that Stripe has now. Events are kept for thirty days."
      submit="Replay event"
      validate={() => {
        const isValid = EVENT.test(eventId.trim());
        setFault(isValid ? null : "Enter the id of an event: evt_…");
        return isValid;
      }}
      act={(admin, reason, options) => admin.replay({ eventId: eventId.trim(), reason }, options)}
      said={() => `The event ${eventId.trim()} is processed again`}
      effect={async (admin) => {
        const { webhooks: { stripe } } = await admin.health();
        return stripe.unprocessed.count === 0 ? "No event of Stripe waits to be processed" : null;
      }}
      changes={CHANGES}
      onClose={onClose}
    >
      <TextInput
        label="Event"
        placeholder="evt_…"
        required
        data-autofocus
        autoComplete="off"
        spellCheck={false}
        value={eventId}
        error={fault}
        onChange={({ currentTarget }) => {
          setEventId(currentTarget.value);
          setFault(null);
        }}
      />
    </ActionForm>
  );
}
