import { readable } from "../phone/phone-format.ts";
import { announce } from "../platform/notify.ts";
import { wordingOf } from "../platform/wording.ts";
import { errorOf } from "./failures.ts";
import type { PendingMessage, Settled } from "./outbox.ts";

/** Announces that a message was not sent whose field is not on the screen. */
export function showUnseenFailure({ peer }: Pick<PendingMessage, "peer">, settled: Settled): void {
  if (settled.outcome === "sent") return;
  const { outcome, failure } = settled;
  const wasNotSent = outcome === "refused" || outcome === "later";
  announce({
    kind: "warning",
    title: `Your message to ${readable(peer)} ${wasNotSent ? "was not sent" : "may not have been sent"}`,
    message: wordingOf(errorOf(failure)).message,
  });
}
