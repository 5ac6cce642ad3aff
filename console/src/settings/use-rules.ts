import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useBackend } from "../platform/backend.tsx";
import { isFailure } from "../platform/failure.ts";
import { announce } from "../platform/notify.ts";
import { tellOtherTabs } from "../platform/tabs.ts";
import { useUser } from "../session/session.tsx";
import {
  changedFields,
  changeOf,
  type Draft,
  draftOf,
  edited,
  type Editing,
  editingOf,
  type Field,
  FIELDS,
  type Problems,
  problemsOf,
  problemsOfError,
  rebased,
  saved,
} from "./rules.ts";

export const SETTINGS_KEY = ["messaging-settings"];

export type RulesForm = ReturnType<typeof useRules>;
/** The same once the settings are read. */
export type LoadedRules = RulesForm & { editing: Editing };

/** The tenant's rules for messages, as they are edited in all sections, and saved at once. */
export function useRules() {
  const { switchboard } = useBackend();
  const { id: userId } = useUser();
  const queryClient = useQueryClient();
  const read = useQuery({
    queryKey: SETTINGS_KEY,
    queryFn: ({ signal }) => switchboard.messagingSettings({ signal }),
  });
  const [edits, setEdits] = useState<Editing | null>(null);
  const [isTried, setTried] = useState(false);
  const [refused, setRefused] = useState<Problems>({});
  const editing = read.data === undefined ? edits : edits === null ? editingOf(read.data) : rebased(edits, read.data);
  // What another tab saved is taken over before anything is shown.
  if (editing !== edits) setEdits(editing);

  const saving = useMutation({
    mutationFn: ({ draft, version }: { draft: Draft; version: number }) =>
      switchboard.saveMessagingSettings(changeOf(draft, version)),
    onSuccess: (settings, { draft }) => {
      setEdits((current) => current && saved(current, draft, settings));
      queryClient.setQueryData(SETTINGS_KEY, settings);
      tellOtherTabs(userId, [SETTINGS_KEY]);
      setTried(false);
      announce({ title: "Settings saved" });
    },
    onError: (error) => {
      setRefused(problemsOfError(error));
      if (isFailure(error) && error.code === "settings_changed") {
        void queryClient.invalidateQueries({ queryKey: SETTINGS_KEY });
      }
    },
  });

  const problems = editing === null ? {} : problemsOf(editing.draft);
  return {
    editing,
    error: read.error,
    refetch: () => void read.refetch(),
    changes: editing === null ? [] : changedFields(draftOf(editing.base), editing.draft),
    /** What is wrong and can be shown: an empty field is wrong only once the user saves. */
    shownProblems: isTried ? { ...refused, ...problems } : { ...refused, ...withoutEmpty(problems, editing) },
    isSaving: saving.isPending,
    /** What is said beside a field is not said again. */
    savingError: Object.keys(refused).length > 0 ? null : saving.error,
    edit(change: Partial<Draft>): void {
      setEdits((current) => current && edited(current, change));
      setRefused((before) => without(before, Object.keys(change) as Field[]));
    },
    discard(): void {
      setEdits((current) => current && editingOf(current.base));
      setRefused({});
      setTried(false);
      saving.reset();
    },
    /** The first field that is wrong, once the user saves; null when everything can be saved. */
    tried(): Field | null {
      setTried(true);
      return FIELDS.find((field) => problems[field] !== undefined) ?? null;
    },
    /** Saves what the user saw when they decided to. @throws Error, which `savingError` or the fields say as well */
    async save({ draft, base: { version } }: Editing): Promise<void> {
      if (!saving.isPending) await saving.mutateAsync({ draft, version });
    },
  };
}

function without(problems: Problems, fields: readonly Field[]): Problems {
  return Object.fromEntries(Object.entries(problems).filter(([field]) => !fields.includes(field as Field)));
}

function withoutEmpty(problems: Problems, editing: Editing | null): Problems {
  const { retentionDays, allowedCountries } = editing?.draft ?? {};
  return without(problems, [
    ...(retentionDays === "" ? ["retentionDays" as const] : []),
    ...(allowedCountries?.length === 0 ? ["allowedCountries" as const] : []),
  ]);
}
