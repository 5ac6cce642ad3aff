import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { HTMLAttributes, ReactNode } from "react";
import { FailureAlert } from "./failure-alert.tsx";
import { type Comparison, isTyped } from "./typed.ts";

export interface TypedConfirmProps {
  /** What the user has to type, as it is shown to them. */
  expected: string;
  /** What has to agree. Unless given, the text, without regard to spaces around it. */
  compare?: Comparison;
  /** Of the button that acts, such as `Release number`. */
  action: string;
  onConfirm: () => void;
  onClose: () => void;
  isPending: boolean;
  /** Of the last attempt; null without one. */
  error: unknown;
  /** False while another field of the dialog is missing. */
  isComplete?: boolean;
  /** For the keyboard of a phone. */
  inputMode?: HTMLAttributes<HTMLInputElement>["inputMode"];
  /** What will happen, above the field; may contain further fields of the form. */
  children: ReactNode;
}

/**
 * The content of a dialog that asks the user to type a text before something that cannot be undone.
 *
 * @example
 * openDialog("Close the account", (close) => (
 *   <TypedConfirm expected={sid} action="Close account" onConfirm={run} onClose={close} isPending={isPending} error={error}>
 *     <Text size="sm">This is final.</Text>
 *   </TypedConfirm>
 * ));
 */
export function TypedConfirm(
  { expected, compare = "text", action, onConfirm, onClose, isPending, error, isComplete = true, inputMode, children }:
    TypedConfirmProps,
) {
  const form = useForm({
    initialValues: { typed: "" },
    validate: { typed: (typed) => isTyped(typed, expected, compare) ? null : "Type it as shown" },
  });
  return (
    <form onSubmit={form.onSubmit(() => void (isComplete && !isPending && onConfirm()))}>
      <Stack gap="md">
        {children}
        <TextInput
          label={`Type ${expected} to confirm`}
          data-autofocus
          autoComplete="off"
          spellCheck={false}
          {...(inputMode !== undefined && { inputMode })}
          {...form.getInputProps("typed")}
        />
        {error !== null && error !== undefined && <FailureAlert error={error} />}
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" color="red" loading={isPending} disabled={!form.isValid() || !isComplete}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
