import { Button } from "@mantine/core";
import { CreditCard } from "lucide-react";
import { useBackend } from "../platform/backend.tsx";
import { openSubscribe } from "./plan-dialogs.tsx";
import { mayBuy } from "./subscription.ts";
import { useBilling } from "./use-billing.ts";

/**
 * Opens the choice of a plan. Use `light` when it is not the primary action. Renders nothing when the console does not sell
 * subscriptions or when the tenant already has one.
 */
export function SubscribeButton({ variant = "filled" }: { variant?: "filled" | "light" }) {
  const { config: { sellsSubscriptions } } = useBackend();
  const { billing } = useBilling();
  if (!sellsSubscriptions || billing === undefined || !mayBuy(billing.own)) return null;
  return <Button variant={variant} leftSection={<CreditCard size={17} />} onClick={openSubscribe}>Subscribe</Button>;
}
