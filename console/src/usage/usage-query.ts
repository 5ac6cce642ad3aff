import { useLocation, useSearch } from "wouter";
import { choiceOf, type Preset, type RangeChoice, today, withChoice } from "../charts/range.ts";
import { type Measure, MEASURES } from "./series.ts";

export const TABS = ["usage", "statements", "plan"] as const;
export type Tab = (typeof TABS)[number];

/** The ranges that are offered; the first is the usual one. */
export const PRESETS: readonly Preset[] = ["period", "7d", "30d", "last-month"];

/** What the query of the address chooses on the screen. */
export interface UsageChoice {
  tab: Tab;
  range: RangeChoice;
  measure: Measure;
  /** Of the currencies that were used. Absent: the one with the highest costs. */
  currency: string | undefined;
}

export function usageChoiceOf(query: URLSearchParams, now = today()): UsageChoice {
  return {
    tab: TABS.find((tab) => tab === query.get("tab")) ?? TABS[0],
    range: choiceOf(query, PRESETS, now),
    measure: MEASURES.find((measure) => measure === query.get("show")) ?? MEASURES[0],
    currency: query.get("currency") ?? undefined,
  };
}

/** The path of the screen with these choices. */
export function usagePath(query: URLSearchParams, change: Partial<UsageChoice>): string {
  const changed = change.range === undefined ? new URLSearchParams(query) : withChoice(query, change.range, PRESETS);
  const set = (name: string, value: string | undefined, usual: string) => {
    if (value === usual) changed.delete(name);
    else if (value !== undefined) changed.set(name, value);
  };
  set("tab", change.tab, TABS[0]);
  set("show", change.measure, MEASURES[0]);
  set("currency", change.currency, "");
  return changed.size === 0 ? "/usage" : `/usage?${changed}`;
}

/** What is chosen on the screen, and what changes it. */
export function useUsageChoice(): UsageChoice & { change: (change: Partial<UsageChoice>) => void } {
  const query = new URLSearchParams(useSearch());
  const [, navigate] = useLocation();
  return {
    ...usageChoiceOf(query),
    change: (change) => navigate(usagePath(query, change), { replace: change.tab === undefined }),
  };
}
