import type { Enum } from "../../supabase/functions/_shared/platform/database.ts";

/** One line of the report. */
export interface Finding {
  verdict: Enum<"installation_verdict">;
  /** What was looked at. */
  subject: string;
  /** What was found. */
  finding: string;
  /** What to do about it; for every warn and fail. */
  next?: string;
}

export const ok = (subject: string, finding: string): Finding => ({ verdict: "ok", subject, finding });
export const warn = (subject: string, finding: string, next: string): Finding => ({
  verdict: "warn",
  subject,
  finding,
  next,
});
export const fail = (subject: string, finding: string, next: string): Finding => ({
  verdict: "fail",
  subject,
  finding,
  next,
});

const MARK = { ok: ["✓", "\x1b[32m"], warn: ["!", "\x1b[33m"], fail: ["✗", "\x1b[31m"] } as const;

/** The finding as text: a mark, what and how, and below it the next step. */
export function show({ verdict, subject, finding, next }: Finding): string {
  const [mark, colour] = MARK[verdict];
  const shown = Deno.noColor ? `${verdict.padEnd(4)}` : `${colour}${mark} ${verdict.padEnd(4)}\x1b[0m`;
  return `  ${shown} ${subject}: ${finding}${next === undefined ? "" : `\n         → ${next}`}`;
}
