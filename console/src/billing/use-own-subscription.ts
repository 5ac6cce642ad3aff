import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import { longDate } from "../platform/dates.ts";
import { isFailure } from "../platform/failure.ts";
import { announce } from "../platform/notify.ts";
import { REFRESH_AFTER } from "./refresh-after.ts";
import type { Plan, Subscription } from "./subscription.ts";
import type { Account } from "../subaccount/account.ts";
import { SUBSCRIPTIONS_KEY } from "./use-billing.ts";

const SOON = "It appears here as soon as Stripe confirms it, usually within seconds";

export interface PlanChange {
  subscription: Subscription;
  plan: Plan;
}

/** Moves the tenant's own subscription to another plan. Pending until the change is stored, or for some seconds. */
export function useChangePlan() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ subscription: { id }, plan: { key } }: PlanChange) =>
      untilStored(
        queryClient,
        () => switchboard.changePlan({ plan: key }),
        (stored) => stored.id === id && stored.plan_key === key,
      ),
    onSuccess: (stored, { plan: { name } }) =>
      announce({ title: `Your plan is ${name}`, message: stored === null ? SOON : "Its limits apply now" }),
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
    mutationFn: ({ subscription: { id }, when }: End) =>
      untilStored(
        queryClient,
        () => switchboard.cancelSubscription({ subscriptionId: id, when }),
        (stored) => stored.id === id && (stored.cancel_at === null) === (when === "never"),
      ),
    onSuccess: (stored, { when }) => {
      if (when === "never") {
        announce({
          title: "Your subscription continues",
          message: stored === null ? SOON : "It is no longer canceled",
        });
      } else if (stored?.cancel_at == null) announce({ title: "Your subscription will be canceled", message: SOON });
      else {
        announce({
          title: `Your subscription ends on ${longDate(stored.cancel_at)}`,
          message: "You can still keep it until then",
        });
      }
    },
  });
}

/**
 * Makes a change, and reads the subscriptions until it is stored. A call without a usable response may have made it: its error
 * is thrown only if the change is not stored.
 * @returns the changed subscription; null if it is not stored yet
 */
async function untilStored(
  queryClient: QueryClient,
  call: () => Promise<unknown>,
  isChanged: (subscription: Subscription) => boolean,
): Promise<Subscription | null> {
  try {
    await call();
  } catch (error) {
    const mayBeMade = isFailure(error) && error.isTransient && error.status !== 429;
    const stored = mayBeMade ? await read(queryClient, [0, 1, 2, 3], isChanged) : null;
    if (stored === null) throw error;
    return stored;
  }
  return await read(queryClient, [0, ...REFRESH_AFTER], isChanged);
}

async function read(
  queryClient: QueryClient,
  delays: readonly number[],
  isChanged: (subscription: Subscription) => boolean,
): Promise<Subscription | null> {
  for (const seconds of delays) {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    await queryClient.refetchQueries({ queryKey: SUBSCRIPTIONS_KEY });
    const changed = queryClient.getQueryData<Account>(SUBSCRIPTIONS_KEY)?.subscriptions.find(isChanged);
    if (changed !== undefined) return changed;
  }
  return null;
}
