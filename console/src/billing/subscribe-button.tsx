import { Button } from "@mantine/core";
import { CreditCard } from "lucide-react";
import { usePlanChoice } from "./use-plan-choice.ts";

/**
 * Opens the choice of a plan. Use `light` when it is not the primary action. Renders nothing when the console does not sell
 * subscriptions or when the tenant already has one.
 */
export function SubscribeButton({ variant = "filled" }: { variant?: "filled" | "light" }) {
  const open = usePlanChoice();
  if (open === undefined) return null;
  return <Button variant={variant} leftSection={<CreditCard size={17} />} onClick={() => open()}>Subscribe</Button>;
}
