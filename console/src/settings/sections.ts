import type { Field } from "./rules.ts";

/** The parts of the settings, in the order of their navigation. */
export const SECTIONS = [
  { name: "messages", label: "Keyword answers" },
  { name: "countries", label: "Countries" },
  { name: "retention", label: "Retention" },
  { name: "opt-outs", label: "Opt-outs" },
  { name: "webhook", label: "Webhook" },
] as const;

export type Section = (typeof SECTIONS)[number]["name"];

/** The section of a path; null for one that does not exist. */
export function sectionOf(name: string | undefined): Section | null {
  return name === undefined ? "messages" : SECTIONS.find((section) => section.name === name)?.name ?? null;
}

export function pathOf(section: Section): string {
  return `/settings/${section}`;
}

/** Whether a path is one of the settings. */
export function isSettingsPath(path: string): boolean {
  return path === "/settings" || path.startsWith("/settings/");
}

/** Where a field is edited. */
export function sectionOfField(field: Field): Section {
  switch (field) {
    case "stopReply":
    case "startReply":
    case "helpReply":
      return "messages";
    case "allowedCountries":
      return "countries";
    case "retentionDays":
      return "retention";
  }
}
