import { useSessionStorage } from "@mantine/hooks";
import { useEffect } from "react";
import { useUser } from "../session/session.tsx";

/** Stripe's event normally arrives within seconds. After this time, something else is wrong, and the tenant can act again. */
const LONGEST_WAIT_MS = 3 * 60_000;

/**
 * Whether the user has paid at the checkout and Stripe's event may still be on its way. Survives a reload of the tab, so
 * that the console does not ask to pay again.
 */
export function useAwaitedPayment(): { isAwaited: boolean; expectPayment: () => void } {
  const { id: userId } = useUser();
  const [until, setUntil] = useSessionStorage({
    key: `switchboard:payment-awaited-until:${userId}`,
    defaultValue: 0,
    getInitialValueInEffect: false,
  });
  const rest = until - Date.now();
  useEffect(() => {
    if (until === 0) return;
    const timer = setTimeout(() => setUntil(0), Math.max(0, Math.min(rest, LONGEST_WAIT_MS)));
    return () => clearTimeout(timer);
  }, [until]);
  return {
    // A wait that is longer than any was stored with another clock.
    isAwaited: rest > 0 && rest <= LONGEST_WAIT_MS,
    expectPayment: () => setUntil(Date.now() + LONGEST_WAIT_MS),
  };
}
