import { Anchor, Button } from "@mantine/core";
import { Link } from "wouter";
import { ChangePlanButton } from "../billing/change-plan-button.tsx";
import { ManageButton } from "../billing/manage-button.tsx";
import { mayBuy } from "../billing/subscription.ts";
import { SubscribeButton } from "../billing/subscribe-button.tsx";
import { useBilling } from "../billing/use-billing.ts";
import { useBackend } from "../platform/backend.tsx";
import type { WayOut as Way } from "./buying.ts";

/** The control that gets rid of an obstacle. Renders nothing where the console cannot offer one. */
export function WayOut({ way }: { way: Way }) {
  const { config: { sellsSubscriptions } } = useBackend();
  const { billing } = useBilling();
  const own = billing?.own ?? null;
  switch (way) {
    case "overview":
      return <Button component={Link} href="/" variant="light">Get your subaccount</Button>;
    case "subscribe":
      return sellsSubscriptions
        ? <SubscribeButton variant="light" />
        : <Anchor component={Link} href="/" size="sm">See your plan</Anchor>;
    case "pay":
      return sellsSubscriptions && own !== null ? <ManageButton /> : null;
    case "larger-plan":
      if (!sellsSubscriptions) return null;
      return own === null || mayBuy(own)
        ? <SubscribeButton variant="light" />
        : <ChangePlanButton subscription={own} />;
  }
}
