import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import { download } from "../platform/download.ts";
import { WordedError } from "../platform/wording.ts";

const POLL_MS = 60_000;

/** The statements, newest first, a page at a time. */
export function useStatements() {
  const { switchboard } = useBackend();
  return useInfiniteQuery({
    queryKey: ["usage", "statements"],
    queryFn: ({ pageParam }) => switchboard.listStatements(pageParam === null ? {} : { cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: POLL_MS,
  });
}

/** One statement, line by line. */
export function useStatement(statementId: string) {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: ["usage", "statement", statementId],
    queryFn: () => switchboard.statement(statementId),
    refetchInterval: POLL_MS,
  });
}

/** Saves the lines of a statement as a file for spreadsheets. */
export function useStatementDownload() {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: async ({ id, from }: { id: string; from: string }) =>
      download(`statement-${from.slice(0, 10)}.csv`, await switchboard.statementAs("csv", id)),
  });
}

/** Shows a statement as a page to print, in a window of its own. */
export function useStatementPrint() {
  const { switchboard } = useBackend();
  return useMutation({
    mutationFn: async (id: string) => {
      // At once: a browser opens no window for a page that asks for it later than the click.
      const opened = globalThis.open("", "_blank");
      if (opened === null) {
        throw new WordedError(
          "window_blocked",
          "Your browser blocked the new window. Allow it for this page and try again",
        );
      }
      try {
        const page = await switchboard.statementAs("html", id);
        const url = URL.createObjectURL(new Blob([page], { type: "text/html;charset=utf-8" }));
        opened.location.replace(url);
        setTimeout(() => URL.revokeObjectURL(url), 60_000);
      } catch (error) {
        opened.close();
        throw error;
      }
    },
  });
}
