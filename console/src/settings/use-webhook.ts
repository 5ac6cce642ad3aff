import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ForwardWebhooks } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";
import { tellOtherTabs } from "../platform/tabs.ts";
import { useUser } from "../session/session.tsx";
import { deliveriesQueryOf, type DeliveryFilters } from "./deliveries.ts";

const WEBHOOK_KEY = ["forward-webhook"];
const STATE_KEY = [...WEBHOOK_KEY, "state"];
const DELIVERIES_KEY = [...WEBHOOK_KEY, "deliveries"];
const POLL_MS = 15_000;
/** While another attempt is expected. */
const EAGER_POLL_MS = 3_000;

/** The webhook in use and the one to confirm. */
export function useWebhooks() {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: STATE_KEY,
    queryFn: ({ signal }) => switchboard.forwardWebhook({ signal }),
    // A server pauses its webhook by its response.
    refetchInterval: POLL_MS,
  });
}

/** The newest deliveries of any status, which tell whether the webhook works. */
export function useNewestDeliveries(isEnabled: boolean) {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: [...DELIVERIES_KEY, "newest"],
    queryFn: async ({ signal }) => (await switchboard.forwardDeliveries({ limit: 20 }, { signal })).deliveries,
    enabled: isEnabled,
    refetchInterval: POLL_MS,
  });
}

/** Deliveries that match, newest first, a page at a time. */
export function useDeliveries(filters: DeliveryFilters) {
  const { switchboard } = useBackend();
  return useInfiniteQuery({
    queryKey: [...DELIVERIES_KEY, "list", filters],
    queryFn: ({ pageParam, signal }) =>
      switchboard.forwardDeliveries({ ...deliveriesQueryOf(filters), limit: 20, cursor: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => {
      const deliveries = data?.pages.flatMap((page) => page.deliveries) ?? [];
      return deliveries.some(({ status }) => status === "pending") ? EAGER_POLL_MS : POLL_MS;
    },
  });
}

/** One delivery with its attempts and its body. */
export function useDelivery(id: string) {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: [...DELIVERIES_KEY, "one", id],
    queryFn: ({ signal }) => switchboard.forwardDelivery(id, { signal }),
    refetchInterval: ({ state: { data } }) => data?.delivery.status === "pending" ? EAGER_POLL_MS : false,
    meta: { isAside: true },
  });
}

type WebhookAction = "save" | "confirm" | "test" | "remove" | "rotate";

/** An action on the webhook. A second call while one is running does nothing. */
export function useWebhookAction(action: WebhookAction, onDone: (webhooks: ForwardWebhooks) => void = () => {}) {
  const { switchboard } = useBackend();
  const { id: userId } = useUser();
  const queryClient = useQueryClient();
  const mutation = useMutation({
    mutationKey: [...WEBHOOK_KEY, action],
    mutationFn: (url: string): Promise<ForwardWebhooks> => {
      switch (action) {
        case "save":
          return switchboard.saveForwardWebhook({ url });
        case "rotate":
          return switchboard.saveForwardWebhook({ url, rotateSecret: true });
        case "remove":
          return switchboard.saveForwardWebhook({ url: null });
        case "confirm":
          return switchboard.confirmForwardWebhook();
        case "test":
          return switchboard.testForwardWebhook();
      }
    },
    onSuccess: (webhooks) => {
      const { webhook, pending } = webhooks;
      // The secret stays out of what is read again and again.
      const shown = pending && { url: pending.url, createdAt: pending.createdAt };
      queryClient.setQueryData(STATE_KEY, { webhook, pending: shown });
      tellOtherTabs(userId, [WEBHOOK_KEY]);
      onDone(webhooks);
    },
    // Also after a failure: an action whose response was lost may have succeeded.
    onSettled: () => void queryClient.invalidateQueries({ queryKey: WEBHOOK_KEY }),
  });
  return {
    ...mutation,
    run(url: string): void {
      if (queryClient.isMutating({ mutationKey: WEBHOOK_KEY }) === 0) mutation.mutate(url);
    },
  };
}

/** Delivers an event again. */
export function useReplay(id: string) {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    mutationKey: [...DELIVERIES_KEY, "replay", id],
    mutationFn: () => switchboard.replayForwardDelivery(id),
    onSettled: () => void queryClient.invalidateQueries({ queryKey: DELIVERIES_KEY }),
  });
}
