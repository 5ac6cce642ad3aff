import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import type { UsageQuery } from "../../../client/switchboard.ts";
import { daysAfter, type Range, stepOf } from "../charts/range.ts";
import { useBackend } from "../platform/backend.tsx";
import { download } from "../platform/download.ts";

const POLL_MS = 60_000;

function queryOf(range: Range): Omit<UsageQuery, "format"> {
  return { by: stepOf(range), ...range };
}

/** The usage of a range by day, or by month if it is long. The last range stays in view while another is read. */
export function useRangeUsage(range: Range | null) {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: ["usage", "range", range?.from, range?.until],
    queryFn: () => switchboard.getUsage(queryOf(range!)),
    enabled: range !== null,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    refetchInterval: POLL_MS,
  });
}

/** Saves the usage of a range as a file for spreadsheets. */
export function useUsageDownload() {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: async (range: Range) =>
      download(`usage-${range.from}-${daysAfter(range.until, -1)}.csv`, await switchboard.getUsageCsv(queryOf(range))),
  });
}
