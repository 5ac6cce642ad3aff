import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { OptOut } from "../../../client/switchboard.ts";
import { useSending } from "./provider.tsx";

const POLL_MS = 20_000;

/** The opt-out that forbids messages from a number to another; null without one, undefined until that is known. */
export function useOptOut(own: string | null, peer: string | null): OptOut | null | undefined {
  const { switchboard } = useSending();
  const { data } = useQuery({
    queryKey: keyOf(peer),
    queryFn: async () => (await switchboard.optOuts({ recipient: peer!, limit: 100 })).optOuts,
    enabled: peer !== null,
    refetchInterval: POLL_MS,
  });
  return data === undefined ? undefined : optOutOf(data, own);
}

/** Reads the opt-outs of a recipient again with each message that arrives from them: it may say STOP, or START. */
export function useFreshOptOuts(peer: string, newestReceived: string | undefined): void {
  const queryClient = useQueryClient();
  const known = useRef(newestReceived);
  useEffect(() => {
    if (newestReceived === known.current) return;
    known.current = newestReceived;
    void queryClient.invalidateQueries({ queryKey: keyOf(peer) });
  }, [newestReceived, peer, queryClient]);
}

function keyOf(peer: string | null) {
  return ["opt-outs", peer];
}

/** One that binds all of the tenant's numbers comes before one that binds only this number. */
export function optOutOf(optOuts: readonly OptOut[], own: string | null): OptOut | null {
  return optOuts.find(({ from }) => from === null) ?? optOuts.find(({ from }) => from === own) ?? null;
}
