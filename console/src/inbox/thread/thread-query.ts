import { type QueryClient, type QueryKey, queryOptions } from "@tanstack/react-query";
import type { Sides } from "../conversations.ts";
import { catchUp, type ListMessages, openThread, type WindowUpdate } from "./load.ts";
import type { ThreadWindow } from "./window.ts";

/** The query key of a thread; without `at`, also the prefix of all its windows. */
export function threadKey({ own, peer }: Sides, at?: string): readonly string[] {
  return at === undefined ? ["thread", own, peer] : ["thread", own, peer, at];
}

/**
 * The query for the loaded part of a thread. The first read opens it, and each further one brings it up to date. The window
 * changes by `updateThread` alone, which takes effect at once, so that no two reads at a time undo each other.
 */
export function threadQuery(queryClient: QueryClient, list: ListMessages, sides: Sides, at?: string) {
  const queryKey = threadKey(sides, at);
  return queryOptions({
    queryKey,
    queryFn: async ({ signal }): Promise<ThreadWindow> => {
      const known = () => queryClient.getQueryData<ThreadWindow>(queryKey);
      const opened = known();
      const loader = { list, sides, signal };
      if (opened === undefined) return await openThread(loader, at);
      const update = await catchUp(loader, () => known() ?? opened);
      updateThread(queryClient, queryKey, update);
      return known() ?? opened;
    },
    // Called whenever a window is stored: between the end of a read and this call, another change may have been stored.
    structuralSharing: (before, after) => {
      const [known, next] = [before as ThreadWindow | undefined, after as ThreadWindow];
      return known !== undefined && known.revision > next.revision ? known : next;
    },
  });
}

/** Changes a loaded thread. */
export function updateThread(queryClient: QueryClient, queryKey: QueryKey, update: WindowUpdate): void {
  queryClient.setQueryData<ThreadWindow>(queryKey, (known) => {
    const next = known && update(known);
    return next === known || next === undefined ? known : { ...next, revision: known!.revision + 1 };
  });
}
