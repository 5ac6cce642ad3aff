import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { useBackend } from "../platform/backend.tsx";
import { overviewUrl } from "./return-url.ts";
import { useAccountRefresh } from "../subaccount/use-account.ts";

/** Opens the checkout of a plan at Stripe. The page stays busy until the browser leaves it. */
export function useCheckout() {
  const { switchboard } = useBackend();
  const checkout = useMutation({
    mutationFn: async (plan: string) => {
      const successUrl = overviewUrl(globalThis.location, "paid");
      const cancelUrl = overviewUrl(globalThis.location, "canceled");
      const { url } = await switchboard.createCheckout({ plan, successUrl, cancelUrl });
      globalThis.location.assign(url);
    },
  });
  useResetOnReturn(checkout.reset);
  return checkout;
}

/** Opens Stripe's billing portal. */
export function useBillingPortal() {
  const { switchboard } = useBackend();
  const portal = useMutation({
    mutationFn: async () => {
      const { url } = await switchboard.billingPortal({ returnUrl: overviewUrl(globalThis.location, "managed") });
      globalThis.location.assign(url);
    },
  });
  useResetOnReturn(portal.reset);
  return portal;
}

/** The browser's back button may show the page as it was left: with a button that is busy. */
function useResetOnReturn(reset: () => void): void {
  useEffect(() => {
    const onShow = ({ persisted }: PageTransitionEvent) => persisted && reset();
    globalThis.addEventListener("pageshow", onShow);
    return () => globalThis.removeEventListener("pageshow", onShow);
  }, [reset]);
}

/** Claims a subscription that was bought through a Payment Link as the caller's own. */
export function useClaim() {
  const { switchboard } = useBackend();
  const refresh = useAccountRefresh();
  return useMutation({
    mutationFn: (subscriptionId: string) => switchboard.claimSubscription({ subscriptionId }),
    // Also after a failure: a claim whose response was lost may have succeeded.
    onSettled: refresh,
  });
}
