import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import type { NewOptOuts } from "../../../client/switchboard.ts";
import { useHomeCountry } from "../contacts/use-home-country.ts";
import { useBackend } from "../platform/backend.tsx";
import { download } from "../platform/download.ts";
import { loadInTime } from "../platform/load-in-time.ts";
import { tellOtherTabs } from "../platform/tabs.ts";
import { WordedError } from "../platform/wording.ts";
import { useUser } from "../session/session.tsx";
import { importInParts, type OptOutFilters, type OptOutRow } from "./opt-out-rows.ts";

/** Every read of opt-outs, also the composer's. */
const OPT_OUTS_KEY = ["opt-outs"];
/** Lists that show whether a number has opted out. */
const MARKED_LISTS = [["conversations"]];

/** Opt-outs that match, newest first. A number can be typed in the notation of the tenant's own country. */
export function useOptOuts({ search, source }: OptOutFilters) {
  const { switchboard } = useBackend();
  const country = useHomeCountry();
  return useInfiniteQuery({
    queryKey: [...OPT_OUTS_KEY, "list", { search, source, country: search === undefined ? null : country }],
    queryFn: async ({ pageParam, signal }) => {
      const recipient = search === undefined ? undefined : await numberOf(search, country);
      return await switchboard.optOuts({ recipient, source, cursor: pageParam }, { signal });
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
  });
}

/** @throws WordedError for a text that is no number: only whole numbers are found */
async function numberOf(text: string, country: string | undefined): Promise<string> {
  const { readEntry } = await loadInTime(() => import("../phone/phone-entry.ts"));
  const entry = readEntry(text, country ?? "US");
  if (entry === null) {
    throw new WordedError("no_number", "Enter the whole number, with + and country code if it is abroad");
  }
  return entry.number;
}

function useRefresh(): () => Promise<void> {
  const queryClient = useQueryClient();
  const { id: userId } = useUser();
  return async () => {
    const keys = [OPT_OUTS_KEY, ...MARKED_LISTS];
    tellOtherTabs(userId, keys);
    await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  };
}

/** Adds opt-outs by hand. */
export function useAddOptOuts() {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: (wish: NewOptOuts) => switchboard.addOptOuts(wish),
    onSuccess: useRefresh(),
  });
}

/** Imports rows of a file. What failed is in the result, with what was stored before. */
export function useImportOptOuts() {
  const { switchboard } = useBackend();
  const defaultCountry = useHomeCountry();
  return useMutation({
    mutationFn: (rows: readonly OptOutRow[]) =>
      importInParts(rows, (optOuts) => switchboard.addOptOuts({ optOuts, source: "imported", defaultCountry })),
    onSuccess: useRefresh(),
  });
}

/** Saves all opt-outs as a file. */
export function useExportOptOuts() {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: async () => download("opt-outs.csv", await switchboard.exportOptOuts()),
  });
}
