import { Autocomplete, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { createContext, type FormEvent, type ReactNode, useContext, useState } from "react";
import type { CallOptions, SwitchboardAdmin } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { useBusyDialog } from "../../platform/busy-dialog.ts";
import { useUser } from "../../session/session.tsx";
import { ActionFailure } from "./action-failure.tsx";
import { faultOfReason, readReasons, rememberReason } from "./reasons.ts";
import { type Done, Receipt } from "./receipt.tsx";

export interface ActionFormProps<Answer> {
  /** What will happen, in a sentence or two: the operator confirms it by acting. */
  consequence: ReactNode;
  /** Of the button, such as `Suspend tenant`. */
  submit: string;
  /** What cannot be undone, or interrupts a tenant, has a red button. */
  isDangerous?: boolean;
  /** What has to be typed first, such as a SID, and how its field is called. */
  typed?: { label: string; value: string };
  /** The action's own fields, above the reason. */
  children?: ReactNode;
  /** Checks these fields and shows their errors. False: nothing is sent. */
  validate?: () => boolean;
  /** Calls the function. `options` must be passed on: they bring the request id, by which the audit line is found. */
  act: (admin: SwitchboardAdmin, reason: string, options: CallOptions) => Promise<Answer>;
  /** What the answer says, shown at once. */
  said: (answer: Answer) => ReactNode;
  /** What changed in consequence, in words, once it can be seen; null until then. It is asked again for up to a minute. */
  effect?: (admin: SwitchboardAdmin, answer: Answer) => Promise<string | null>;
  /** The queries whose data the action changes. They are read again after the answer, and when the effect is seen. */
  changes: readonly QueryKey[];
  onClose: () => void;
}

/**
 * The form of any action of an operator: what will happen, the action's own fields, the reason (required, with those of this
 * session as suggestions), a text to type where the action is final, and the button. A failure is said above the button and
 * keeps what was entered. After a success the form becomes a receipt: what the answer says, the effect as soon as it is seen,
 * and beside it the lines that the request wrote into the audit log, found by the request's id.
 *
 * Open it in a dialog with `openAction`, or place it in a panel. An action that is sent twice by a double click is sent once.
 *
 * @example
 * openAction("Settle the alert", ({ onClose }) => (
 *   <ActionForm
 *     consequence="The alert leaves the list. The same cause raises a new one."
 *     submit="Settle alert"
 *     act={(admin, reason, options) => admin.settleAlert({ alertId, reason }, options)}
 *     said={() => "The alert is settled"}
 *     effect={async (admin) => {
 *       const { alerts } = await admin.listAlerts({ state: "open" });
 *       return alerts.some(({ id }) => id === alertId) ? null : "It is no longer among the open alerts";
 *     }}
 *     changes={[["operator", "alerts"]]}
 *     onClose={onClose}
 *   />
 * ));
 */
export function ActionForm<Answer>(
  { consequence, submit, isDangerous = false, typed, children, validate, act, said, effect, changes, onClose }:
    ActionFormProps<Answer>,
) {
  const { switchboard: { admin } } = useBackend();
  const { id: userId } = useUser();
  const queryClient = useQueryClient();
  const modalId = useContext(ActionDialog);
  const [reason, setReason] = useState("");
  const [entered, setEntered] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const [suggestions] = useState(() => readReasons(userId));
  const isConfirmed = typed === undefined || entered.trim() === typed.value;
  const action = useMutation({
    mutationFn: async (): Promise<Done<Answer>> => {
      let requestId: string | undefined;
      const answer = await act(admin, reason.trim(), { onRequestId: (id) => void (requestId = id) });
      return { answer, requestId, at: Date.now() };
    },
    onSuccess: () => rememberReason(userId, reason),
    // Also after a failure: an action whose response was lost may have succeeded.
    onSettled: () => {
      for (const queryKey of changes) void queryClient.invalidateQueries({ queryKey });
    },
  });
  useBusyDialog(modalId, action.isPending, reason !== "" && action.data === undefined);

  if (action.data !== undefined) {
    return (
      <Stack gap="md">
        <Receipt done={action.data} said={said(action.data.answer)} effect={effect} changes={changes} />
        <Group justify="end">
          <Button data-autofocus variant="default" onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    );
  }
  const send = (event: FormEvent) => {
    event.preventDefault();
    const found = faultOfReason(reason);
    setFault(found);
    const isValid = validate?.() ?? true;
    if (found === null && isValid && isConfirmed && !action.isPending) action.mutate();
  };
  return (
    <form onSubmit={send} noValidate>
      <Stack gap="md">
        <Text size="sm" component="div">{consequence}</Text>
        {children}
        <Autocomplete
          label="Reason"
          description="The audit log keeps it. The tenant does not see it."
          required
          data-autofocus={children === undefined || undefined}
          autoComplete="off"
          data={suggestions}
          value={reason}
          error={fault}
          onChange={(value) => {
            setReason(value);
            if (fault !== null) setFault(faultOfReason(value));
          }}
        />
        {typed !== undefined && (
          <TextInput
            label={typed.label}
            labelProps={{ style: { overflowWrap: "anywhere" } }}
            required
            autoComplete="off"
            spellCheck={false}
            value={entered}
            onChange={({ currentTarget }) => setEntered(currentTarget.value)}
          />
        )}
        {action.error !== null && <ActionFailure error={action.error} />}
        <Group justify="end" gap="sm">
          <Button variant="default" disabled={action.isPending} onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            {...(isDangerous && { color: "red" })}
            loading={action.isPending}
            disabled={!isConfirmed}
          >
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The dialog around a form: it stays open while its action is sent. */
const ActionDialog = createContext("none");

/** Opens the dialog of an action. It does not close while the action is sent, so that its failure is seen. */
export function openAction(title: string, Content: (props: { onClose: () => void }) => ReactNode): void {
  const modalId = crypto.randomUUID();
  modals.open({
    modalId,
    title,
    size: "lg",
    children: (
      <ActionDialog value={modalId}>
        <Content onClose={() => modals.close(modalId)} />
      </ActionDialog>
    ),
  });
}
