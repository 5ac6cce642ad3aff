import { notifications } from "@mantine/notifications";
import { readable } from "../phone/phone-format.ts";
import type { PendingMessage, Settled } from "./outbox.ts";

/** Says in a toast that a message was not sent whose field is not on the screen. */
export function showUnseenFailure({ peer }: Pick<PendingMessage, "peer">, settled: Settled): void {
  if (settled.outcome === "sent") return;
  const { failure: { message } } = settled;
  notifications.show({
    id: `unsent:${peer}:${message}`,
    color: settled.outcome === "unknown" ? "yellow" : "red",
    title: settled.outcome === "refused" || settled.outcome === "later"
      ? `Your message to ${readable(peer)} was not sent`
      : `Your message to ${readable(peer)} may not have been sent`,
    message,
    role: "alert",
  });
}
