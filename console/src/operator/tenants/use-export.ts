import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useBackend } from "../../platform/backend.tsx";
import { download } from "../../platform/download.ts";
import { requestOf, type TenantsQuery } from "./query.ts";

/** The file of all tenants that match. It is read a page at a time, and can be stopped. */
export function useExport(query: TenantsQuery) {
  const { switchboard } = useBackend();
  const [lines, setLines] = useState(0);
  const running = useRef<AbortController>(null);
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const { signal } = running.current = new AbortController();
      setLines(0);
      let file = "";
      for await (const part of switchboard.admin.csv("tenants", requestOf(query), { signal })) {
        file += part;
        // The head of the table is no tenant. A quoted text may contain a line break: this is a progress, not a result.
        setLines(Math.max(0, file.split("\r\n").length - 2));
      }
      download(`tenants-${new Date().toISOString().slice(0, 10)}.csv`, file);
    },
  });
  // What the operator has stopped has not failed.
  const failure = running.current?.signal.aborted ? null : error;
  return { start: () => mutate(), stop: () => running.current?.abort(), isPending, error: failure, lines };
}
