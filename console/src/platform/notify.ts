import { notifications } from "@mantine/notifications";
import { createElement, type ReactNode } from "react";
import { Check } from "lucide-react";
import { ErrorReference } from "./error-reference.tsx";
import { wordingOf } from "./wording.ts";

export interface Announcement {
  title: string;
  message?: ReactNode;
  /** `success` unless given. */
  kind?: "success" | "info" | "warning";
}

const COLORS = { success: "teal", info: "blue", warning: "yellow" } as const;
const VISIBLE_MS = 6_000;
/** Long enough to read a sentence and copy the request id. */
const ERROR_VISIBLE_MS = 12_000;

/**
 * Announces a result in the background, bottom right: what the user started and no longer looks at. What belongs to a
 * control is said beside that control. The same text is shown once at a time.
 */
export function announce({ title, message, kind = "success" }: Announcement): void {
  notifications.show({
    id: `${title} · ${typeof message === "string" ? message : ""}`,
    color: COLORS[kind],
    icon: kind === "success" ? createElement(Check, { size: 18 }) : undefined,
    title,
    message,
    autoClose: VISIBLE_MS,
    role: "status",
  });
}

/** Shows that something failed in the background. An error of a control is shown beside it, with `FailureAlert`. */
export function showError(error: unknown): void {
  const { message, code } = wordingOf(error);
  notifications.show({
    id: `${code} · ${message}`,
    color: "red",
    title: message,
    message: createElement(ErrorReference, { error }),
    autoClose: ERROR_VISIBLE_MS,
    role: "alert",
  });
}
