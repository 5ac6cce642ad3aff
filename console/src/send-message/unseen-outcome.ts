import { announce } from "../platform/notify.ts";
import { wordingOf } from "../platform/wording.ts";
import { errorOf } from "./failures.ts";
import type { PendingMessage, Settled } from "./outbox.ts";

/** Announces what came of a message whose field is not on the screen. */
export async function showUnseenOutcome({ peer }: Pick<PendingMessage, "peer">, settled: Settled): Promise<void> {
  // Only this toast needs the metadata of numbers before a screen does.
  const to = await import("../phone/phone-format.ts").then(({ readable }) => readable(peer)).catch(() => peer);
  if (settled.outcome === "sent") return announce({ title: `Your message to ${to} was sent` });
  const { outcome, failure } = settled;
  const wasNotSent = outcome === "refused" || outcome === "later";
  announce({
    kind: "warning",
    title: `Your message to ${to} ${wasNotSent ? "was not sent" : "may not have been sent"}`,
    message: wordingOf(errorOf(failure)).message,
  });
}
