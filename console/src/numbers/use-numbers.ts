import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { NumberList, NumbersOverview, PhoneNumber, Switchboard } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";
import { showError } from "../platform/notify.ts";
import { useIsShown } from "./use-is-shown.ts";

export type { NumberList, NumbersOverview, PhoneNumber };

export const NUMBERS_KEY = ["numbers"];
export const OVERVIEW_KEY = [...NUMBERS_KEY, "overview"];
const POLL_MS = 15_000;
/** While a number is being bought or released. */
const EAGER_POLL_MS = 4_000;

/** The caller's numbers, primary first. Without any, the shared numbers. */
export function useNumbers() {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: NUMBERS_KEY,
    queryFn: () => switchboard.listNumbers(),
    refetchInterval: POLL_MS,
  });
}

/** What the caller may still buy, and what is in progress or scheduled for their numbers. */
export function useNumbersOverview() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useQuery({
    queryKey: OVERVIEW_KEY,
    queryFn: async () => {
      const before = queryClient.getQueryData<NumbersOverview>(OVERVIEW_KEY);
      const overview = await switchboard.numbersOverview();
      // What was in progress and no longer is has been bought, released, or is free again.
      if ((before?.inProgress.length ?? 0) > overview.inProgress.length) {
        void queryClient.invalidateQueries({ queryKey: NUMBERS_KEY, exact: true });
      }
      return overview;
    },
    refetchInterval: ({ state: { data } }) => (data?.inProgress.length ?? 0) > 0 ? EAGER_POLL_MS : POLL_MS,
  });
}

/**
 * An action on numbers. The component shows its error; once that is closed, a toast does. `onDone` is called in both cases.
 * `run` does nothing while an action of the same key is running: a double click acts once.
 */
export function useNumberAction<Variables, Result>(
  { key, act, onDone }: {
    key: readonly string[];
    act: (switchboard: Switchboard, variables: Variables) => Promise<Result>;
    onDone: (result: Result, variables: Variables) => void;
  },
) {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  const isShown = useIsShown();
  const mutation = useMutation({
    mutationKey: key,
    mutationFn: (variables: Variables) => act(switchboard, variables),
    onSuccess: onDone,
    onError: (error) => {
      if (!isShown.current) showError(error);
    },
    // Also after a failure: an action whose response was lost may have succeeded.
    onSettled: () => void queryClient.invalidateQueries({ queryKey: NUMBERS_KEY }),
  });
  return {
    ...mutation,
    run(variables: Variables): void {
      if (queryClient.isMutating({ mutationKey: key }) === 0) mutation.mutate(variables);
    },
  };
}
