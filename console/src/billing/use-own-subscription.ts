import { notifications } from "@mantine/notifications";
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import { longDate } from "../platform/dates.ts";
import { REFRESH_AFTER } from "./refresh-after.ts";
import type { Plan, Subscription } from "./subscription.ts";
import { SUBSCRIPTIONS_KEY } from "./use-billing.ts";

const SOON = "It appears here as soon as Stripe confirms it, usually within seconds";

/** Moves the tenant's own subscription to another plan. Pending until the change is stored, or for some seconds. */
export function useChangePlan() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ key }: Plan) => {
      const { subscriptionId } = await switchboard.changePlan({ plan: key });
      return await storedOf(queryClient, subscriptionId, (subscription) => subscription.plan_key === key);
    },
    meta: { shownInPlace: true },
    onSuccess: (stored, { name }) => announce(`Your plan is ${name}`, stored === null ? SOON : "Its limits apply now"),
    // Also after a failure: a change whose response was lost may have succeeded.
    onSettled: () => queryClient.invalidateQueries({ queryKey: SUBSCRIPTIONS_KEY }),
  });
}

export interface End {
  subscription: Subscription;
  /** `period_end` cancels it, and `never` undoes that. */
  when: "period_end" | "never";
}

/** Cancels the tenant's own subscription, or undoes that. Pending until the change is stored, or for some seconds. */
export function useEndSubscription() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ subscription: { id }, when }: End) => {
      await switchboard.cancelSubscription({ subscriptionId: id, when });
      return await storedOf(
        queryClient,
        id,
        (subscription) => (subscription.cancel_at === null) === (when === "never"),
      );
    },
    meta: { shownInPlace: true },
    onSuccess: (stored, { when }) => {
      if (when === "never") {
        announce("Your subscription continues", stored === null ? SOON : "It is no longer canceled");
      } else if (stored?.cancel_at == null) announce("Your subscription will be canceled", SOON);
      else announce(`Your subscription ends on ${longDate(stored.cancel_at)}`, "You can still keep it until then");
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: SUBSCRIPTIONS_KEY }),
  });
}

/** Reads the subscriptions until a change is stored. @returns the changed one; null if the change is not stored yet */
async function storedOf(
  queryClient: QueryClient,
  id: string,
  isChanged: (subscription: Subscription) => boolean,
): Promise<Subscription | null> {
  for (const seconds of [0, ...REFRESH_AFTER]) {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    await queryClient.refetchQueries({ queryKey: SUBSCRIPTIONS_KEY });
    const subscriptions = queryClient.getQueryData<Subscription[]>(SUBSCRIPTIONS_KEY) ?? [];
    const changed = subscriptions.find((subscription) => subscription.id === id && isChanged(subscription));
    if (changed !== undefined) return changed;
  }
  return null;
}

function announce(title: string, message: string): void {
  notifications.show({ color: "teal", title, message });
}
