import type { Bulk, SendWindow } from "../../../../client/switchboard.ts";
import { DAYS_AHEAD } from "../../../../supabase/functions/_shared/campaigns/limits.ts";
import { brokenPlaceholder } from "../../../../supabase/functions/_shared/campaigns/template.ts";
import { LONGEST_BODY } from "../../send-message/segments.ts";
import { type Blanks, placeholdersOf, type Recipient, requestRows } from "./recipients.ts";

/** Where the recipients come from. */
export type Source =
  | { kind: "file"; name: string }
  | { kind: "pasted" }
  | { kind: "contacts"; tag: string | null };

/** A campaign that is not sent yet, without the rows of its list. */
export interface CampaignDraft {
  /** The idempotency key of the campaign that it becomes. Every change of the content makes a new one. */
  key: string;
  source: Source | null;
  hasHeading: boolean;
  /** The index of the column with the phone numbers. */
  numberColumn: number | null;
  /** ISO 3166: the country whose national notation the numbers are in; null: the primary number's. */
  country: string | null;
  name: string;
  body: string;
  blanks: Blanks;
  /** E.164; null: the primary number. */
  from: string | null;
  /** ISO 8601; null: at once. */
  sendAt: string | null;
  window: SendWindow | null;
  /** When it was sent without an answer: the campaign may exist, and the same request under the same key finds out. */
  isUnanswered: boolean;
  /** The campaign that it became. Undoing that makes it a draft again. */
  sentAs: string | null;
}

export type Change = Partial<Omit<CampaignDraft, "key" | "isUnanswered" | "sentAs">>;

export function emptyDraft(key: string = crypto.randomUUID()): CampaignDraft {
  return {
    key,
    source: null,
    hasHeading: true,
    numberColumn: null,
    country: null,
    name: "",
    body: "",
    blanks: "leave-out",
    from: null,
    sendAt: null,
    window: null,
    isUnanswered: false,
    sentAs: null,
  };
}

/** A draft with a change, under a new key. */
export function changed(draft: CampaignDraft, change: Change, key: string = crypto.randomUUID()): CampaignDraft {
  return { ...draft, ...change, key, isUnanswered: false, sentAs: null };
}

/** What a browser has stored as a draft; null for anything else, such as the draft of another version. */
export function draftFrom(stored: unknown): CampaignDraft | null {
  if (typeof stored !== "object" || stored === null) return null;
  const draft = stored as Record<string, unknown>;
  const empty = emptyDraft("");
  const isAs = (name: keyof CampaignDraft) => {
    const [value, model] = [draft[name], empty[name]];
    return model === null ? value === null || typeof value !== "boolean" : typeof value === typeof model;
  };
  const names = Object.keys(empty) as (keyof CampaignDraft)[];
  if (!names.every((name) => name in draft && isAs(name)) || draft["key"] === "") return null;
  return Object.fromEntries(names.map((name) => [name, draft[name]])) as unknown as CampaignDraft;
}

/** Whether there is anything in it that would be missed. */
export function isWorthKeeping({ source, body, sentAs }: CampaignDraft): boolean {
  return sentAs === null && (source !== null || body.trim() !== "");
}

/** The steps, as they are named in the address. */
export const STEPS = ["recipients", "message", "schedule", "review"] as const;
export type Step = (typeof STEPS)[number];

/** What a draft needs for its request. */
export interface ReadyDraft {
  draft: CampaignDraft;
  columns: readonly string[];
  recipients: readonly Recipient[];
}

/** What is missing in each step, in the order in which one would mend it; null when the step is complete. */
export function problemOf(step: Step, ready: ReadyDraft, now: number = Date.now()): string | null {
  switch (step) {
    case "recipients":
      return recipientsProblem(ready);
    case "message":
      return bodyProblem(ready.draft.body, ready.columns);
    case "schedule":
      return timeProblem(ready.draft.sendAt, now) ?? windowProblem(ready.draft.window);
    case "review":
      return null;
  }
}

/** The first step that is not complete, or the last one. */
export function firstOpenStep(ready: ReadyDraft, now: number = Date.now()): Step {
  return STEPS.find((step) => problemOf(step, ready, now) !== null) ?? "review";
}

function recipientsProblem({ draft, recipients }: ReadyDraft): string | null {
  if (draft.source === null) return "Choose the recipients first";
  if (draft.numberColumn === null) return "Choose the column with the phone numbers";
  return recipients.length === 0 ? "There is no recipient in this list" : null;
}

export function bodyProblem(body: string, columns: readonly string[]): string | null {
  if (body.trim() === "") return "Write the message";
  if (body.length > 2 * LONGEST_BODY) return "The message is too long";
  const broken = brokenPlaceholder(body);
  if (broken !== null) return `“${broken}” is not a placeholder: insert one with its button`;
  const unknown = placeholdersOf(body, columns).find(({ column }) => column === null);
  return unknown === undefined ? null : `The list has no column “${unknown.written.trim()}”`;
}

/** A campaign that is to start sooner starts at once. */
const SOONEST_MS = 60_000;

export function timeProblem(sendAt: string | null, now: number): string | null {
  if (sendAt === null) return null;
  const at = Date.parse(sendAt);
  if (Number.isNaN(at)) return "Choose a day and a time";
  if (at < now + SOONEST_MS) return "Choose a time in the future";
  return at > now + DAYS_AHEAD * 86_400_000 ? `Choose a time within the next ${DAYS_AHEAD} days` : null;
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

export function windowProblem(window: SendWindow | null): string | null {
  if (window === null) return null;
  if (!TIME.test(window.from) || !TIME.test(window.to)) return "Enter from when until when messages are sent";
  if (window.from === window.to) return "The hours begin and end at the same time";
  return window.days?.length === 0 ? "Choose at least one day" : null;
}

/** How long a campaign that is sent at once can be undone, in seconds. */
export const UNDO_SECONDS = 10;

/** The request that a draft becomes. The same draft always makes the same request. */
export function requestOf({ draft, columns, recipients }: ReadyDraft, country: string | undefined): Bulk {
  const { name, body, from, sendAt, window } = draft;
  return {
    ...(name.trim() !== "" && { name: name.trim() }),
    ...(from !== null && { from }),
    ...(country !== undefined && { defaultCountry: country }),
    body,
    recipients: requestRows(recipients, body, columns),
    ...(sendAt === null ? { delaySeconds: UNDO_SECONDS } : { scheduledAt: sendAt }),
    ...(window !== null && { sendWindow: window }),
  };
}
