import { Text } from "@mantine/core";
import { noteOn } from "./next-event.ts";
import type { Subscription } from "./subscription.ts";

/** One sentence about the subscription's next event. */
export function SubscriptionNote({ subscription }: { subscription: Subscription | null }) {
  return <Text size="sm" c="dimmed">{noteOn(subscription)}</Text>;
}
