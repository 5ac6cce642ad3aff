import { List, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { isFailure } from "../platform/failure.ts";
import { TypedConfirm } from "../platform/typed-confirm.tsx";
import { daysText, deletedNow } from "./retention.ts";

export interface ShorterRetentionProps {
  before: number | null;
  after: number;
  save: () => Promise<void>;
  onClose: () => void;
}

/** Asks the tenant to type the new retention before texts are deleted that would have been kept. */
export function ShorterRetentionDialog({ before, after, save, onClose }: ShorterRetentionProps) {
  const saving = useMutation({
    mutationFn: save,
    onSuccess: onClose,
    // What was changed elsewhere is marked on the screen behind the dialog.
    onError: (error) => isFailure(error) && error.code === "settings_changed" && onClose(),
  });
  return (
    <TypedConfirm
      expected={daysText(after)}
      action="Save and delete"
      onConfirm={() => saving.mutate()}
      onClose={onClose}
      isPending={saving.isPending}
      error={saving.error}
    >
      <Text size="sm">
        Within an hour, {deletedNow(before, after, new Date())} are deleted. This is final.
      </Text>
      <List size="sm" spacing={6}>
        <List.Item>They are deleted here and at Twilio, in every conversation and campaign.</List.Item>
        <List.Item>From then on, each message loses its text after {daysText(after)}.</List.Item>
        <List.Item>Numbers, times, statuses and prices stay.</List.Item>
      </List>
    </TypedConfirm>
  );
}
