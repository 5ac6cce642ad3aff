import { useQuery } from "@tanstack/react-query";
import type { OptOut } from "../../../client/switchboard.ts";
import { useSending } from "./provider.tsx";

const POLL_MS = 20_000;

/** The opt-out that forbids messages from a number to another; null without one, undefined until that is known. */
export function useOptOut(own: string | null, peer: string | null): OptOut | null | undefined {
  const { switchboard } = useSending();
  const { data } = useQuery({
    queryKey: ["opt-outs", peer],
    queryFn: async () => (await switchboard.optOuts({ recipient: peer!, limit: 100 })).optOuts,
    enabled: peer !== null,
    refetchInterval: POLL_MS,
  });
  return data === undefined ? undefined : optOutOf(data, own);
}

/** One that binds all of the tenant's numbers comes before one that binds only this number. */
export function optOutOf(optOuts: readonly OptOut[], own: string | null): OptOut | null {
  return optOuts.find(({ from }) => from === null) ?? optOuts.find(({ from }) => from === own) ?? null;
}
