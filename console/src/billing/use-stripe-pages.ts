import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import { overviewUrl } from "./return-url.ts";
import { SUBSCRIPTIONS_KEY } from "./use-billing.ts";

/** Opens the checkout of a plan at Stripe. The page stays busy until the browser leaves it. */
export function useCheckout() {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: async (plan: string) => {
      const successUrl = overviewUrl(globalThis.location, "paid");
      const cancelUrl = overviewUrl(globalThis.location, "canceled");
      const { url } = await switchboard.createCheckout({ plan, successUrl, cancelUrl });
      globalThis.location.assign(url);
    },
  });
}

/** Opens Stripe's billing portal. */
export function useBillingPortal() {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: async () => {
      const { url } = await switchboard.billingPortal({ returnUrl: overviewUrl(globalThis.location) });
      globalThis.location.assign(url);
    },
  });
}

/** Claims a subscription that was bought through a Payment Link as the caller's own. */
export function useClaim() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (subscriptionId: string) => switchboard.claimSubscription({ subscriptionId }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: SUBSCRIPTIONS_KEY }),
  });
}
