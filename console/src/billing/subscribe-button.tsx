import { Button } from "@mantine/core";
import { CreditCard } from "react-feather";
import { useBackend } from "../platform/backend.tsx";
import { useUser } from "../session/session.tsx";
import { checkoutUrlFor } from "./checkout-url.ts";
import { mayBuy } from "./subscription.ts";
import { useBilling } from "./use-billing.ts";

/**
 * Links to the checkout. Use `light` when it is not the primary action. Renders nothing when the console does not sell
 * subscriptions or when the tenant already has one.
 */
export function SubscribeButton({ variant = "filled" }: { variant?: "filled" | "light" }) {
  const { config: { checkoutUrl } } = useBackend();
  const user = useUser();
  const { billing } = useBilling();
  if (checkoutUrl === null || billing === undefined || !mayBuy(billing.subscription)) return null;
  return (
    <Button
      component="a"
      href={checkoutUrlFor(checkoutUrl, user)}
      variant={variant}
      leftSection={<CreditCard size={17} />}
    >
      Subscribe
    </Button>
  );
}
