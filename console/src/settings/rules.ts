import { type MessagingSettings, type MessagingSettingsChange, SwitchboardError } from "../../../client/switchboard.ts";
import { isBlank, notInXml } from "../../../supabase/functions/_shared/platform/text.ts";

/** What a tenant edits, as its fields have it. A blank reply is the default. */
export interface Draft {
  stopReply: string;
  startReply: string;
  helpReply: string;
  /** Null: every country of the plan. */
  allowedCountries: readonly string[] | null;
  /** Null: texts are kept. Empty: nothing is entered. */
  retentionDays: number | "" | null;
}

export type Field = keyof Draft;

export const FIELDS = ["stopReply", "startReply", "helpReply", "allowedCountries", "retentionDays"] as const;

export const FIELD_NAMES: Readonly<Record<Field, string>> = {
  stopReply: "answer to STOP",
  startReply: "answer to START",
  helpReply: "answer to HELP",
  allowedCountries: "countries",
  retentionDays: "retention",
};

/** Limits of the API. */
export const LONGEST_REPLY = 1600;
export const LONGEST_RETENTION = 3650;

export function draftOf(settings: MessagingSettings): Draft {
  const { stopReply, startReply, helpReply, allowedCountries, retentionDays } = settings;
  return {
    stopReply: stopReply ?? "",
    startReply: startReply ?? "",
    helpReply: helpReply ?? "",
    allowedCountries,
    retentionDays,
  };
}

/** The draft as it is saved, for one without problems. */
export function changeOf(draft: Draft, version: number): MessagingSettingsChange {
  const reply = (text: string) => text.trim() === "" ? null : text.trim();
  return {
    stopReply: reply(draft.stopReply),
    startReply: reply(draft.startReply),
    helpReply: reply(draft.helpReply),
    allowedCountries: draft.allowedCountries && [...draft.allowedCountries],
    retentionDays: draft.retentionDays === "" ? null : draft.retentionDays,
    version,
  };
}

/** What does not depend on spaces around a text or on the order of countries. */
function meaningOf(draft: Draft, field: Field): string {
  if (field === "allowedCountries") return JSON.stringify(draft.allowedCountries?.toSorted() ?? null);
  return JSON.stringify(field === "retentionDays" ? draft.retentionDays : draft[field].trim());
}

const differ = (a: Draft, b: Draft, field: Field) => meaningOf(a, field) !== meaningOf(b, field);

/** The fields in which two drafts mean something else. */
export function changedFields(base: Draft, draft: Draft): Field[] {
  return FIELDS.filter((field) => differ(base, draft, field));
}

/** What is edited, and what it began with. */
export interface Editing {
  base: MessagingSettings;
  draft: Draft;
  /** The fields that were saved elsewhere with another value, while the user changed them here. */
  conflicts: readonly Field[];
}

export function editingOf(settings: MessagingSettings): Editing {
  return { base: settings, draft: draftOf(settings), conflicts: [] };
}

/**
 * Takes over settings that were saved elsewhere. A field that the user has not changed shows the saved value. One that they
 * have changed stays, and is a conflict where it was saved with another value as well. Older settings change nothing.
 */
export function rebased(editing: Editing, next: MessagingSettings): Editing {
  if (next.version <= editing.base.version) return editing;
  const [before, after] = [draftOf(editing.base), draftOf(next)];
  const { draft } = editing;
  const own = FIELDS.filter((field) => differ(before, draft, field));
  const isConflict = (field: Field) =>
    differ(after, draft, field) && (differ(before, after, field) || editing.conflicts.includes(field));
  return { base: next, draft: pick(draft, own, after), conflicts: own.filter(isConflict) };
}

/** What the user saved is the new beginning. A field that they changed since then stays changed. */
export function saved(editing: Editing, sent: Draft, settings: MessagingSettings): Editing {
  const later = FIELDS.filter((field) => differ(sent, editing.draft, field));
  return { base: settings, draft: pick(editing.draft, later, draftOf(settings)), conflicts: [] };
}

/** A draft with another value in one field. What is equal to the saved value again is no conflict. */
export function edited(editing: Editing, change: Partial<Draft>): Editing {
  const draft = { ...editing.draft, ...change };
  const base = draftOf(editing.base);
  return { ...editing, draft, conflicts: editing.conflicts.filter((field) => differ(base, draft, field)) };
}

function pick(draft: Draft, fields: readonly Field[], others: Draft): Draft {
  return { ...others, ...Object.fromEntries(fields.map((field) => [field, draft[field]])) };
}

export type Problems = Partial<Record<Field, string>>;

/** Why a draft cannot be saved, by the rules of the API. */
export function problemsOf(draft: Draft): Problems {
  const problems: Problems = {};
  for (const field of ["stopReply", "startReply", "helpReply"] as const) {
    const problem = problemOfReply(draft[field]);
    if (problem !== null) problems[field] = problem;
  }
  if (draft.allowedCountries?.length === 0) {
    problems.allowedCountries = "Choose at least one country, or allow every country of your plan";
  }
  const days = draft.retentionDays;
  if (days !== null && (days === "" || !Number.isInteger(days) || days < 1 || days > LONGEST_RETENTION)) {
    problems.retentionDays = `Enter a number of days from 1 to ${LONGEST_RETENTION}`;
  }
  return problems;
}

function problemOfReply(text: string): string | null {
  const reply = text.trim();
  if (reply === "") return null;
  const over = reply.length - LONGEST_REPLY;
  if (over > 0) return `An answer holds at most ${LONGEST_REPLY} characters: remove ${over}`;
  if (isBlank(reply)) return "Nothing of this can be seen. Write a text, or leave it empty";
  const [character] = notInXml(reply);
  return character === undefined ? null : `A message cannot carry the character ${character}: remove it`;
}

/** What the server did not accept, beside its field. Empty for other errors. */
export function problemsOfError(error: unknown): Problems {
  if (!(error instanceof SwitchboardError) || error.code !== "invalid_input") return {};
  const problems: Problems = {};
  for (const { field, message } of error.details) {
    const name = FIELDS.find((one) => String(field).split(".")[0] === one);
    if (name !== undefined && typeof message === "string") {
      problems[name] ??= `The server did not accept this: ${message}`;
    }
  }
  return problems;
}

/** Whether a save makes texts be deleted that would have been kept. */
export function isShortened({ retentionDays: before }: MessagingSettings, { retentionDays: after }: Draft): boolean {
  return typeof after === "number" && (before === null || after < before);
}
