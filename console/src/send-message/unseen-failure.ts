import { notifications } from "@mantine/notifications";
import type { PendingMessage, Settled } from "./outbox.ts";

/** Says in a toast that a message was not sent whose field is not on the screen. */
export async function showUnseenFailure({ peer }: Pick<PendingMessage, "peer">, settled: Settled): Promise<void> {
  if (settled.outcome === "sent") return;
  // Only this toast needs the metadata of numbers before a screen does.
  const to = await import("../phone/phone-format.ts").then(({ readable }) => readable(peer)).catch(() => peer);
  const { failure: { message } } = settled;
  notifications.show({
    id: `unsent:${peer}:${message}`,
    color: settled.outcome === "unknown" ? "yellow" : "red",
    title: settled.outcome === "refused" || settled.outcome === "later"
      ? `Your message to ${to} was not sent`
      : `Your message to ${to} may not have been sent`,
    message,
    role: "alert",
  });
}
