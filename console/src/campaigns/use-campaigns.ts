import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Campaign, CampaignCount, CampaignStatus } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";
import { tellOtherTabs } from "../platform/tabs.ts";
import { useUser } from "../session/session.tsx";
import { isActive } from "./status.ts";

export const CAMPAIGNS_KEY = ["campaigns"];
const listKey = [...CAMPAIGNS_KEY, "list"];
const oneKey = (id: string) => [...CAMPAIGNS_KEY, "one", id];
const recipientsKey = (id: string) => [...CAMPAIGNS_KEY, "recipients", id];

/** While a campaign is sent. */
const BUSY_POLL_MS = 1_500;
/** While it waits for its hour. */
const CALM_POLL_MS = 10_000;
const LIST_POLL_MS = 5_000;

export type { Campaign };

/** The tenant's campaigns, newest first. */
export function useCampaigns(status: CampaignStatus | undefined) {
  const { switchboard } = useBackend();
  return useInfiniteQuery({
    queryKey: [...listKey, status],
    queryFn: ({ pageParam, signal }) => switchboard.listCampaigns({ status, cursor: pageParam, limit: 30 }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: ({ state: { data } }) =>
      data?.pages.some(({ campaigns }) => campaigns.some(isActive)) === true ? LIST_POLL_MS : false,
  });
}

/** One campaign, read again as often as it changes. */
export function useCampaign(id: string) {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: oneKey(id),
    queryFn: ({ signal }) => switchboard.campaign(id, { signal }),
    refetchInterval: ({ state: { data } }) => data === undefined ? false : pollMs(data),
  });
}

/** Longer than a campaign can be undone: one that begins soon is looked at often. */
const SOON_MS = 120_000;

function pollMs(campaign: Campaign): number | false {
  if (!isActive(campaign)) return campaign.counts.sent > 0 || campaign.status === "paused" ? CALM_POLL_MS : false;
  const { status, statusReason, scheduledAt } = campaign;
  const isLater = status === "scheduled" && Date.parse(scheduledAt ?? "") - Date.now() > SOON_MS;
  return isLater || statusReason !== null ? CALM_POLL_MS : BUSY_POLL_MS;
}

/** The recipients of a campaign under one count, or all of them, with their results. */
export function useRecipients(id: string, count: CampaignCount | undefined) {
  const { switchboard } = useBackend();
  return useInfiniteQuery({
    queryKey: [...recipientsKey(id), count],
    queryFn: ({ pageParam, signal }) =>
      switchboard.listRecipients(id, { count, cursor: pageParam, limit: 50 }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    meta: { isAside: true },
  });
}

/** Reads the results of a campaign again. */
export function useRefreshRecipients(id: string): () => void {
  const queryClient = useQueryClient();
  return () => void queryClient.invalidateQueries({ queryKey: recipientsKey(id) });
}

/** Takes over a campaign as the server has just returned it, here and in the user's other tabs. */
export function useTakeOver(): (campaign: Campaign) => void {
  const queryClient = useQueryClient();
  const { id: userId } = useUser();
  return (campaign) => {
    queryClient.setQueryData(oneKey(campaign.id), campaign);
    void queryClient.invalidateQueries({ queryKey: listKey });
    void queryClient.invalidateQueries({ queryKey: recipientsKey(campaign.id) });
    tellOtherTabs(userId, [CAMPAIGNS_KEY]);
  };
}

export type CampaignChange = "pause" | "resume" | "cancel";

/** Pauses, resumes or cancels a campaign. Repeating that has no effect. */
export function useChangeCampaign(id: string) {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: (change: CampaignChange) => {
      switch (change) {
        case "pause":
          return switchboard.pauseCampaign(id);
        case "resume":
          return switchboard.resumeCampaign(id);
        case "cancel":
          return switchboard.cancelCampaign(id);
      }
    },
    onSuccess: useTakeOver(),
  });
}

/** Makes a campaign of the failed recipients, once per key. */
export function useRetryCampaign(id: string, key: string) {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: () => switchboard.retryCampaign(id, { idempotencyKey: key }),
    onSuccess: useTakeOver(),
  });
}
